using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>
/// Carries out the text that iptables-restore reads (iptables/xtables-restore.c): each table's lines come into force together at its COMMIT.
/// Refusals have the tool's words and exit codes.
/// </summary>
/// <param name="state">Whose tables.</param>
/// <param name="noFlush">--noflush: chains that are not named stay.</param>
/// <param name="counters">--counters: the text's counters are taken.</param>
/// <param name="program">The name that the tool says.</param>
internal sealed class RestoreReader(NetfilterState state, bool noFlush, bool counters, string program)
{
    private TableDraft? _draft;
    private Dictionary<string, int>? _missing;
    private int _line;
    private bool _isCommand;

    internal RestoreResult Run(string text)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            _line++;
            try
            {
                if (RunLine(line) is { } failure)
                    return failure;
            }
            catch (RuleSyntaxException e)
            {
                return new RestoreResult(2, $"{program} v1.8.9 (nf_tables): {e.Message}\nError occurred at line: {_line}\n{Hint}");
            }
        }

        return _draft is null ? RestoreResult.Success : new RestoreResult(1, $"{program}: COMMIT expected at line {_line}\n");
    }

    /// <summary>Carries out one command of iptables, as <c>-A CHAIN ...</c>, at once.</summary>
    /// <param name="table">The table that -t names.</param>
    /// <param name="words">The command and what follows it.</param>
    internal RestoreResult RunOne(string table, IReadOnlyList<string> words)
    {
        _isCommand = true;
        try
        {
            if (!TableNames.IsTable(table))
                return new RestoreResult(3, $"{program} v1.8.9 (nf_tables): table '{table}' does not exist\nPerhaps {program} or your kernel needs to be upgraded.\n");
            return BeginTable(table) ?? Execute(new RuleWords(words), null) ?? Commit() ?? RestoreResult.Success;
        }
        catch (RuleSyntaxException e)
        {
            return new RestoreResult(2, $"{program} v1.8.9 (nf_tables): {e.Message}\n{Hint}");
        }
    }

    private string Hint => $"Try `{program} -h' or '{program} --help' for more information.\n";

    private RestoreResult? RunLine(ReadOnlySpan<char> line)
    {
        if (line.IsEmpty || line[0] is '#' or '\0')
            return null;
        if (_draft is null)
            return line[0] == '*' ? BeginTable(line[1..].Trim().ToString()) : Failed("");
        if (line.StartsWith("COMMIT") && line[6..].Trim().IsEmpty)
            return Commit();
        return line[0] == ':' ? DeclareChain(line[1..].ToString()) : RunCommand(line);
    }

    private RestoreResult? BeginTable(string name)
    {
        if (!TableNames.IsTable(name))
            throw new RuleSyntaxException($"{program}: line {_line} table name '{name}' invalid");
        _draft = new TableDraft(state.TableOf(name));
        _missing = null;
        if (!noFlush)
            _draft.Clear();
        return null;
    }

    private RestoreResult? Commit()
    {
        if (_missing is { Count: > 0 })
            throw new RuleSyntaxException($"Chain '{_missing.Keys.First()}' does not exist");
        TableFault? fault = _draft!.Commit();
        if (fault is null)
        {
            state.Changed(_draft.Table);
            _draft = null;
            return null;
        }

        string what = fault.Kind switch
        {
            TableFaultKind.Busy => $"CHAIN_DEL failed (Device or resource busy): chain {fault.Chain}",
            TableFaultKind.Loop => $"RULE_APPEND failed (Too many links): rule in chain {fault.Chain}",
            _ => $"RULE_APPEND failed (Invalid argument): rule in chain {fault.Chain}",
        };
        return Refused(fault.Line == 0 ? _line : fault.Line, what);
    }

    // :CHAIN POLICY [packets:bytes]
    private RestoreResult? DeclareChain(string text)
    {
        string[] parts = text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
            throw new RuleSyntaxException($"{program}: line {_line} chain name invalid");
        string name = parts[0];
        if (parts.Length < 2)
            throw new RuleSyntaxException($"{program}: line {_line} policy invalid");
        (long packets, long bytes) = (0, 0);
        if (counters && parts.Length > 2 && !TryCounters(parts[2], out packets, out bytes))
            throw new RuleSyntaxException("invalid policy counters for chain '" + name + "'");
        if (_draft!.TryEdit(name, out ChainDraft? chain) && chain.Chain.Hook is not null)
            return SetPolicy(chain, parts[1], packets, bytes);
        if (chain is { IsDeleted: false })
            chain.Flush();
        else
            chain = Create(name);
        chain.Line = _line;
        return null;
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

    private RestoreResult? RunCommand(ReadOnlySpan<char> line)
    {
        (long Packets, long Bytes)? counted = null;
        if (line[0] == '[')
        {
            int end = line.IndexOf(']');
            if (end < 0)
                throw new RuleSyntaxException("Need ]\n");
            if (!TryCounters(line[..(end + 1)].ToString(), out long packets, out long bytes))
                throw new RuleSyntaxException("invalid counters");
            if (counters)
                counted = (packets, bytes);
            line = line[(end + 1)..];
        }

        return Execute(new RuleWords(RuleWords.Split(line.ToString())), counted);
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

    private RestoreResult? Insert(RuleWords words, string name, int position, (long Packets, long Bytes)? counted)
    {
        var reader = new RuleReader(words, name, _draft!);
        RuleReading reading = reader.Read();
        if (!TryEdit(name, out ChainDraft? chain))
            return Failed("No chain/target/match by that name");
        if (reading.JumpTo is { } missing)
            (_missing ??= new(StringComparer.Ordinal)).TryAdd(missing, _line);
        if (position != int.MaxValue && (position == 0 || position > chain.Rules.Count + 1))
            return Failed("Index of insertion too big");
        if (state.RuleCount + chain.Rules.Count > state.Options.MaxRules)
            throw new RuleSyntaxException($"chain '{name}': this namespace has its {state.Options.MaxRules} rules, as many as NetfilterOptions.MaxRules allows");
        int at = Math.Min(position - 1, chain.Rules.Count);
        foreach (Rule rule in reading.Rules)
        {
            if (counted is { } c)
                (rule.Packets, rule.Bytes) = c;
            chain.Rules.Insert(at++, rule);
        }

        chain.Line = _line;
        return null;
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

        foreach (Rule wanted in new RuleReader(words, name, _draft!).Read().Rules)
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
        IReadOnlyList<Rule> rules = _draft.RulesOf(chain, out _);
        RuleReading wanted = new RuleReader(words, name, _draft).Read();
        return wanted.JumpTo is null && wanted.Rules.All(w => rules.Any(r => r.ToString() == w.ToString()))
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

    private RestoreResult Refused(int line, string what) =>
        new(4, _isCommand ? $"{program} v1.8.9 (nf_tables):  {what}\n" : $"{program} v1.8.9 (nf_tables): \nline {line}: {what}\n");

    private RestoreResult Failed(string why) => new(1, _isCommand ? $"{program}: {why}.\n" : why.Length == 0 ? $"{program}: line {_line} failed\n" : $"{program}: line {_line} failed: {why}.\n");

    // [packets:bytes]
    private static bool TryCounters(string text, out long packets, out long bytes)
    {
        packets = bytes = 0;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && text.StartsWith('[') && text.EndsWith(']')
            && long.TryParse(text.AsSpan(1, colon - 1), NumberStyles.None, CultureInfo.InvariantCulture, out packets)
            && long.TryParse(text.AsSpan(colon + 1, text.Length - colon - 2), NumberStyles.None, CultureInfo.InvariantCulture, out bytes);
    }
}
