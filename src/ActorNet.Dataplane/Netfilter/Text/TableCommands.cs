using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Targets;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>
/// Carries out the commands of iptables and iptables-restore on a draft of one table after the other (iptables/xtables.c, xtables-restore.c).
/// Refusals have the tools' words and exit codes.
/// </summary>
/// <param name="state">Whose tables.</param>
/// <param name="noFlush">--noflush: chains that are not named stay.</param>
/// <param name="counters">--counters: the counters of policies are taken.</param>
/// <param name="program">The name that the tool says.</param>
/// <param name="isCommand">Whether it is one command of iptables, which has no lines.</param>
internal sealed class TableCommands(NetfilterState state, bool noFlush, bool counters, string program, bool isCommand)
{
    private TableDraft? _draft;
    private Dictionary<string, int>? _missing;
    private int _line;
    // Grows whenever a name may mean another chain than before.
    private long _names;

    /// <summary>Begins to change a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="chains">About how many chains change.</param>
    internal void Begin(string table, int chains = 0)
    {
        Abandon();
        _draft = new TableDraft(state.TableOf(table), chains);
        _missing = null;
        _names++;
        if (!noFlush)
            _draft.Clear();
    }

    /// <summary>Checks what the table will be.</summary>
    internal TableCommit BeginCommit(int line)
    {
        _line = line;
        return _missing is { Count: > 0 } ? throw new RuleSyntaxException($"Chain '{_missing.Keys.First()}' does not exist") : new TableCommit(_draft!);
    }

    /// <summary>Puts the table in force, or says why not.</summary>
    internal RestoreResult? EndCommit(TableCommit commit)
    {
        if (commit.Fault is { } fault)
        {
            Abandon();
            string what = fault.Kind switch
            {
                TableFaultKind.Busy => $"CHAIN_DEL failed (Device or resource busy): chain {fault.Chain}",
                TableFaultKind.Loop => $"RULE_APPEND failed (Too many links): rule in chain {fault.Chain}",
                _ => $"RULE_APPEND failed (Invalid argument): rule in chain {fault.Chain}",
            };
            return Refused(fault.Line == 0 ? _line : fault.Line, what);
        }

        commit.Apply();
        state.Changed(_draft!.Table);
        _draft = null;
        return null;
    }

    /// <summary>Gives up what was begun and did not come into force: the table's chains lead to it no more.</summary>
    internal void Abandon()
    {
        _draft?.End();
        _draft = null;
    }

    /// <summary>:CHAIN POLICY</summary>
    internal RestoreResult? Declare(ChainLine line)
    {
        _line = line.Number;
        if (_draft!.TryEdit(line.Chain, out ChainDraft? chain) && chain.Chain.Hook is not null)
            return SetPolicy(chain, line.Policy, line.Packets, line.Bytes);
        if (chain is { IsDeleted: false })
            chain.Flush();
        else
            chain = Create(line.Chain);
        chain.Line = _line;
        return null;
    }

    /// <summary>-A CHAIN with a rule that has been read.</summary>
    internal RestoreResult? Append(AppendLine line)
    {
        _line = line.Number;
        return Insert(line.Reading, line.Chain, int.MaxValue);
    }

    /// <summary>Any command.</summary>
    internal RestoreResult? Execute(CommandLine line)
    {
        _line = line.Number;
        return Execute(new RuleWords(line.Words), line.Counters);
    }

    private RestoreResult? SetPolicy(ChainDraft chain, string policy, long packets, long bytes)
    {
        if (policy is not ("ACCEPT" or "DROP" or "-"))
            return Failed("Bad policy name");
        if (policy != "-")
            chain.Policy = policy == "DROP" ? RuleVerdict.Drop : RuleVerdict.Accept;
        if (counters || !noFlush)
            (chain.Packets, chain.Bytes) = (packets, bytes);
        chain.Line = _line;
        return null;
    }

    private ChainDraft Create(string name)
    {
        if (name.Length > Chain.MaxNameLength)
            throw new RuleSyntaxException($"chain name `{name}' too long (must be under {Chain.MaxNameLength + 1} chars)");
        if (name.Length == 0 || name[0] is '-' or '!')
            throw new RuleSyntaxException($"chain name not allowed to start with `{(name.Length == 0 ? ' ' : name[0])}'\n");
        if (ExtensionCatalog.VerdictOf(name) is not null || ExtensionCatalog.TargetOf(name) is not null)
            throw new RuleSyntaxException($"chain name may not clash with target name\n");
        if (state.ChainCount >= state.Options.MaxChains)
            throw new RuleSyntaxException($"chain '{name}': this namespace has its {state.Options.MaxChains} chains, as many as NetfilterOptions.MaxChains allows");
        return _draft!.Create(name);
    }

    private RestoreResult? Execute(RuleWords words, (long Packets, long Bytes)? counted)
    {
        if (words.AtEnd)
            return null;
        string command = words.Next();
        if (command[0] != '-')
            throw new RuleSyntaxException($"Bad argument `{command}'");
        string? chain = command is "-F" or "--flush" or "-X" or "--delete-chain" or "-Z" or "--zero" && words.AtEnd ? null : words.Argument(command);
        return command switch
        {
            "-A" or "--append" => Insert(words, chain!, int.MaxValue, counted),
            "-I" or "--insert" => Insert(words, chain!, Position(words), counted),
            "-D" or "--delete" => Delete(words, chain!),
            "-C" or "--check" => Check(words, chain!),
            "-R" or "--replace" => Replace(words, chain!),
            "-E" or "--rename-chain" => Rename(words, chain!),
            "-F" or "--flush" => ForEach(chain, static c => c.Flush()),
            "-Z" or "--zero" => ForEach(chain, Zero),
            "-X" or "--delete-chain" => DeleteChain(chain),
            "-N" or "--new-chain" => NewChain(chain!),
            "-P" or "--policy" => Policy(words, chain!),
            _ => throw new RuleSyntaxException($"unknown option \"{command}\""),
        };
    }

    private static int Position(RuleWords words) =>
        int.TryParse(words.Peek, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? int.Parse(words.Next(), CultureInfo.InvariantCulture) : 1;

    private RestoreResult? Insert(RuleWords words, string name, int position, (long Packets, long Bytes)? counted) =>
        Insert(Read(words, name, counted), name, position);

    private RestoreResult? Insert(RuleReading reading, string name, int position)
    {
        if (!TryEdit(name, out ChainDraft? chain))
            return Failed("No chain/target/match by that name");
        if (reading.Jump is { } jump && !Leads(jump))
            (_missing ??= new(StringComparer.Ordinal)).TryAdd(jump.Name, _line);
        if (position != int.MaxValue && (position == 0 || position > chain.Rules.Count + 1))
            return Failed("Index of insertion too big");
        if (state.RuleCount + chain.Rules.Count > state.Options.MaxRules)
            throw new RuleSyntaxException($"chain '{name}': this namespace has its {state.Options.MaxRules} rules, as many as NetfilterOptions.MaxRules allows");
        int at = Math.Min(position - 1, chain.Rules.Count);
        chain.Rules.Insert(at, reading.First);
        chain.Rules.InsertRange(at + 1, reading.More);
        chain.Line = _line;
        return null;
    }

    private static RuleReading Read(RuleWords words, string name, (long Packets, long Bytes)? counted = null)
    {
        RuleReading reading = new RuleReader().Read(words, name);
        if (counted is { } c)
            reading.Count(c.Packets, c.Bytes);
        return reading;
    }

    // Whether there is a chain where a jump goes.
    private bool Leads(ChainTarget jump)
    {
        if (jump.BoundBy == _names)
            return true;
        if (!_draft!.TryGet(jump.Name, out Chain? chain))
            return false;
        jump.Bind(chain, _names);
        return true;
    }

    private RestoreResult? Delete(RuleWords words, string name)
    {
        if (!TryEdit(name, out ChainDraft? chain))
            return Failed("No chain/target/match by that name");
        chain.Line = _line;
        if (int.TryParse(words.Peek, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            if (number == 0 || number > chain.Rules.Count)
                return Failed("Index of deletion too big");
            chain.Rules.RemoveAt(number - 1);
            return null;
        }

        foreach (Rule wanted in Read(words, name).Rules)
        {
            string text = wanted.ToString();
            int at = chain.Rules.FindIndex(r => r.ToString() == text);
            if (at < 0)
                return Failed("Bad rule (does a matching rule exist in that chain?)");
            chain.Rules.RemoveAt(at);
        }

        return null;
    }

    private RestoreResult? Check(RuleWords words, string name)
    {
        if (!_draft!.TryGet(name, out Chain? chain))
            return Failed("No chain/target/match by that name");
        Rule[] rules = _draft.RulesOf(chain).ToArray();
        RuleReading wanted = Read(words, name);
        return (wanted.Jump is not { } jump || Leads(jump)) && wanted.Rules.All(w => Array.Exists(rules, r => r.ToString() == w.ToString()))
            ? null
            : Failed("Bad rule (does a matching rule exist in that chain?)");
    }

    private RestoreResult? Replace(RuleWords words, string name)
    {
        if (!int.TryParse(words.Peek, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            throw new RuleSyntaxException("-R requires a rule number");
        words.Next();
        if (!TryEdit(name, out ChainDraft? chain))
            return Failed("No chain/target/match by that name");
        if (number == 0 || number > chain.Rules.Count)
            return Failed("Index of replacement too big");
        chain.Rules.RemoveAt(number - 1);
        return Insert(words, name, number, null);
    }

    // The rules of the chain go on in one of the new name; rules that lead to it keep it from being renamed, which the kernel would allow.
    private RestoreResult? Rename(RuleWords words, string name)
    {
        string to = words.Argument("-E");
        if (!TryEdit(name, out ChainDraft? chain) || chain.Chain.Hook is not null)
            return Failed("No chain/target/match by that name");
        if (TryEdit(to, out _))
            return Failed("File exists");
        ChainDraft renamed = Create(to);
        renamed.Rules.AddRange(chain.Rules);
        renamed.Line = chain.Line = _line;
        chain.Flush();
        chain.IsDeleted = true;
        _names++;
        return null;
    }

    private RestoreResult? ForEach(string? name, Action<ChainDraft> change)
    {
        IEnumerable<string> names = name is null ? [.. _draft!.Table.Chains.Select(static c => c.Name)] : [name];
        foreach (string each in names)
        {
            if (TryEdit(each, out ChainDraft? chain))
                change(chain);
            else if (name is not null)
                return Failed("No chain/target/match by that name");
        }

        return null;
    }

    private static void Zero(ChainDraft chain)
    {
        (chain.Packets, chain.Bytes) = (0, 0);
        foreach (Rule rule in chain.Rules)
            (rule.Packets, rule.Bytes) = (0, 0);
    }

    private RestoreResult? DeleteChain(string? name)
    {
        IEnumerable<string> names = name is null ? [.. _draft!.Table.UserChains.Select(static c => c.Name)] : [name];
        foreach (string each in names)
        {
            if (!TryEdit(each, out ChainDraft? chain) || chain.Chain.Hook is not null)
                return Failed("No chain/target/match by that name");
            if (chain.Rules.Count > 0)
                return Refused(_line, $"CHAIN_DEL failed (Device or resource busy): chain {each}");
            chain.IsDeleted = true;
            chain.Line = _line;
            _names++;
        }

        return null;
    }

    private RestoreResult? NewChain(string name)
    {
        if (TryEdit(name, out _))
            return Failed("Chain already exists");
        Create(name).Line = _line;
        return null;
    }

    private RestoreResult? Policy(RuleWords words, string name)
    {
        if (!TryEdit(name, out ChainDraft? chain) || chain.Chain.Hook is null)
            return Failed("Bad built-in chain name");
        return SetPolicy(chain, words.Argument("-P"), chain.Packets, chain.Bytes);
    }

    private bool TryEdit(string name, [NotNullWhen(true)] out ChainDraft? chain) => _draft!.TryEdit(name, out chain);

    private RestoreResult Refused(int line, string what) => RestoreRefusal.OfKernel(program, isCommand ? 0 : line, what);

    private RestoreResult Failed(string why) => isCommand ? RestoreRefusal.OfCommand(program, why) : RestoreRefusal.OfLine(program, _line, why);
}
