using System.Text;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Established;
using ActorNet.Dataplane.Netfilter.Matches;
using ActorNet.Dataplane.Netfilter.Nat;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Targets;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>
/// A namespace's netfilter: the tables raw, mangle, nat and filter, and what their rules keep. It belongs to the namespace's owner; nothing else
/// calls it. A table that was never named does not exist and costs nothing, as in the kernel.
/// </summary>
public sealed partial class NetfilterState
{
    // Places in TableNames.SaveOrder.
    private const int MangleIndex = 0;
    private const int RawIndex = 1;
    private const int FilterIndex = 2;
    private const int NatIndex = 3;

    // net.core.message_cost and message_burst.
    private const int WarningBurst = 10;
    private static readonly TimeSpan WarningInterval = TimeSpan.FromSeconds(5);

    private readonly Table?[] _tables = new Table?[TableNames.SaveOrder.Length];
    private readonly int[] _ruleCounts = new int[TableNames.SaveOrder.Length];
    private readonly Dictionary<string, RecentList> _recent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Packets, long Bytes)> _accounts = new(StringComparer.Ordinal);
    private readonly NetworkNamespace _namespace;
    private ulong _untrackedDraws;
    private uint _generation;
    private Instant _warnedFrom;
    private int _warnings;

    /// <summary>Makes the netfilter of a namespace, without rules.</summary>
    internal NetfilterState(NetworkNamespace networkNamespace, NetfilterOptions options, ulong seed)
    {
        _namespace = networkNamespace;
        Options = options;
        Seed = seed;
        Tracker = new Tracker(this);
        Paths = new PathRecorder(_counts);
        _shortPath = new ShortPath(Tracker, _counts);
        Translations = new Translator(this);
    }

    /// <summary>Lines that LOG rules would have written.</summary>
    public long Logged { get; private set; }

    /// <summary>Packets and bytes that nfacct matches counted, by the object's name; an object exists from the first packet on.</summary>
    public IReadOnlyDictionary<string, (long Packets, long Bytes)> Accounts => _accounts;

    /// <summary>Hears what the kernel would write to its log, not more than 10 lines in 5 seconds (net_ratelimit); null for nobody.</summary>
    public Action<string>? Warning { get; set; }

    /// <summary>Settings.</summary>
    public NetfilterOptions Options { get; }

    /// <summary>How often a table has changed.</summary>
    internal uint Generation => _generation;

    internal ulong Seed { get; }

    internal Instant Now => _namespace.Now;

    internal Tracker Tracker { get; }

    internal Translator Translations { get; }

    internal int RuleCount => _ruleCounts.Sum();

    internal int ChainCount => _tables.Sum(static t => t?.UserChainCount ?? 0);

    /// <summary>Carries out what iptables-restore would read. Each table's lines come into force together at its COMMIT, or not at all.</summary>
    /// <param name="text">Lines as iptables-save prints them, or a user writes them.</param>
    /// <param name="noFlush">--noflush: chains that are not named stay as they are.</param>
    /// <param name="counters">--counters: counters are taken from the text.</param>
    /// <param name="program">The name that messages begin with.</param>
    public RestoreResult Restore(string text, bool noFlush = false, bool counters = false, string program = "iptables-restore")
    {
        RestoreRun run = Begin(RestoreProgram.Read(text, counters, program), noFlush, counters);
        RestoreResult? result;
        do
            result = run.Advance(int.MaxValue);
        while (result is null);
        return result;
    }

    /// <summary>Begins to carry out a program; nothing is done before the run is told to advance.</summary>
    /// <param name="program">The program; it cannot be carried out again.</param>
    /// <param name="noFlush">--noflush: chains that are not named stay as they are.</param>
    /// <param name="counters">--counters: the counters of policies are taken, too.</param>
    public RestoreRun Begin(RestoreProgram program, bool noFlush = false, bool counters = false)
    {
        ArgumentNullException.ThrowIfNull(program);
        return new RestoreRun(this, program, noFlush, counters);
    }

    /// <summary>Carries out one command of iptables; rules of other chains and their counters stay.</summary>
    /// <param name="table">The table that -t names.</param>
    /// <param name="words">The command and what follows it, as <c>-A CHAIN -p tcp -j DROP</c>.</param>
    /// <param name="program">The name that messages begin with.</param>
    public RestoreResult Change(string table, IReadOnlyList<string> words, string program = "iptables")
    {
        ArgumentNullException.ThrowIfNull(words);
        var commands = new TableCommands(this, noFlush: true, counters: false, program, isCommand: true);
        try
        {
            if (!TableNames.IsTable(table))
                return new RestoreResult(3, $"{program} v1.8.9 (nf_tables): table '{table}' does not exist\nPerhaps {program} or your kernel needs to be upgraded.\n");
            commands.Begin(table);
            if (commands.Execute(new CommandLine(0, words, null)) is { } refused)
                return refused;
            TableCommit commit = commands.BeginCommit(0);
            foreach (int _ in commit.Check())
            {
                // At once.
            }

            return commands.EndCommit(commit) ?? RestoreResult.Success;
        }
        catch (RuleSyntaxException e)
        {
            return RestoreRefusal.OfSyntax(program, e);
        }
        finally
        {
            commands.Abandon();
        }
    }

    /// <summary>Makes a chain that is not there, and puts a rule in that is not there: EnsureChain and EnsureRule (kubernetes pkg/util/iptables).</summary>
    /// <param name="wanted">Chains and rules, in their order.</param>
    /// <returns>The first that was refused, or success.</returns>
    public RestoreResult Ensure(IEnumerable<EnsuredRule> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        foreach (EnsuredRule each in wanted)
        {
            if (Ensure(each) is { IsSuccess: false } refused)
                return refused;
        }

        return RestoreResult.Success;
    }

    /// <summary>Whether a table has a chain.</summary>
    /// <param name="table">The table.</param>
    /// <param name="chain">The chain.</param>
    public bool HasChain(string table, string chain) => TableNames.IsTable(table) && TableOf(table).TryGet(chain, out _);

    /// <summary>Whether a chain is there or a chain has a rule, wherever it stands; it changes nothing, and one that cannot be read is not there.</summary>
    /// <param name="wanted">The chain or rule.</param>
    public bool Has(EnsuredRule wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Rule is not { } rule || !HasChain(wanted.Table, wanted.Chain))
            return HasChain(wanted.Table, wanted.Chain);
        try
        {
            var commands = new TableCommands(this, noFlush: true, counters: false, "iptables", isCommand: true);
            commands.Begin(wanted.Table);
            return commands.Execute(new CommandLine(0, ["-C", wanted.Chain, .. RuleWords.Split(rule)], null)) is null;
        }
        catch (RuleSyntaxException)
        {
            return false;
        }
    }

    /// <summary>Prints the tables as iptables-save 1.8.9 of the nf_tables variant does.</summary>
    /// <param name="time">The moment that its first and last line name.</param>
    /// <param name="table">One table, or null for all that exist.</param>
    /// <param name="counters">-c: with counters.</param>
    public string Save(DateTimeOffset time, string? table = null, bool counters = false)
    {
        _counts.Settle();
        var text = new StringBuilder();
        foreach (Table? each in _tables)
        {
            if (each is not null && (table is null || each.Name == table))
                SaveWriter.Write(text, each, counters, time);
        }

        return text.ToString();
    }

    /// <summary>Prints chains as iptables -L and -S do.</summary>
    /// <param name="table">The table.</param>
    /// <param name="chain">One chain, or null for all.</param>
    /// <param name="form">How.</param>
    internal Inspection.NetfilterAnswer List(string table, string? chain, RuleListing form)
    {
        if (!TableNames.IsTable(table))
            return new Inspection.NetfilterAnswer(3, "", $"iptables v1.8.9 (nf_tables): table '{table}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.\n");
        Table found = TableOf(table);
        Chain? one = null;
        if (chain is not null && !found.TryGet(chain, out one))
            return new Inspection.NetfilterAnswer(1, "", $"iptables v1.8.9 (nf_tables): chain `{chain}' in table `{table}' is incompatible, use 'nft' tool.\n");
        Chain[] chains = one is null ? [.. found.Chains] : [one];
        var text = new StringBuilder();
        if (form.AsCommands)
            ListWriter.WriteCommands(text, chains, form.Verbose);
        else
            ListWriter.WriteTables(text, chains, form);
        return new Inspection.NetfilterAnswer(0, text.ToString(), "");
    }

    private RestoreResult Ensure(EnsuredRule each)
    {
        if (Has(each))
            return RestoreResult.Success;
        return each.Rule is { } rule
            ? Change(each.Table, [each.Prepend ? "-I" : "-A", each.Chain, .. RuleWords.Split(rule)])
            : Change(each.Table, ["-N", each.Chain]);
    }

    /// <summary>Gives rules what packets of known connections have counted: before anybody looks at a counter or sets one.</summary>
    internal void SettleCounters() => _counts.Settle();

    /// <summary>The table of a name, which is made when it is asked for the first time.</summary>
    internal Table TableOf(string name)
    {
        // Whoever asks looks at its counters or changes its rules.
        _counts.Settle();
        int at = TableNames.SaveOrder.IndexOf(name);
        return _tables[at] ?? new Table(name);
    }

    /// <summary>A table has come into force, or changed.</summary>
    internal void Changed(Table table)
    {
        int at = TableNames.SaveOrder.IndexOf(table.Name);
        _tables[at] = table;
        _generation++;
        _ruleCounts[at] = table.RuleCount;
        NoticeTracking(table);
    }

    /// <summary>32 random bits for the rule that is being asked: a hash of seed, rule, connection, and how many packets of it came before.</summary>
    internal uint Draw(NetfilterPacket packet)
    {
        ulong flow = 0;
        ulong ordinal = _untrackedDraws;
        if (packet.Connection is { } connection)
        {
            flow = connection.Original.Hash();
            ordinal = ((ulong)connection.Ordinal << 32) | connection.Packets;
        }
        else
        {
            _untrackedDraws++;
        }

        return (uint)(SeededHash.Mix(Seed, packet.Place, flow, ordinal) >> 16);
    }

    internal void Warn(string line)
    {
        if (Warning is null)
            return;
        if (Now - _warnedFrom >= WarningInterval)
            (_warnedFrom, _warnings) = (Now, 0);
        if (_warnings++ < WarningBurst)
            Warning(line);
    }

    internal void Account(string name, int packets, long bytes)
    {
        ref (long Packets, long Bytes) account = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_accounts, name, out _);
        account.Packets += packets;
        account.Bytes += bytes;
    }

    internal RecentList RecentListOf(string name)
    {
        ref RecentList? list = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_recent, name, out _);
        return list ??= new RecentList();
    }

    internal void Log(NetfilterPacket packet, LogTarget target)
    {
        _ = target;
        Logged += packet.Count;
    }

    /// <summary>What the routing tables take an address for, as RTN_*; with a device, LOCAL and BROADCAST count for that device alone.</summary>
    internal int AddressTypeOf(Ipv4Address address, string? device) => _namespace.AddressTypeOf(address, device);

    internal void SendUnreachable(NetfilterPacket packet, byte code) => _namespace.Rejections.SendUnreachable(packet, code);

    internal void SendReset(NetfilterPacket packet) => _namespace.Rejections.SendReset(packet);
}
