using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Ip;
using CsCheck;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>A program that comes into force a piece at a time is, table by table, what it would be at once; until then the old rules stand.</summary>
public sealed class RestoreRunTests : IDisposable
{
    private const string Text =
        """
        *filter
        :INPUT DROP [0:0]
        :A - [0:0]
        :B - [0:0]
        -A INPUT -j A
        -A A -p tcp -m comment --comment "a b" -j B
        -A A -s 10.0.0.1,10.0.0.2 -j RETURN
        [3:180] -A B -j ACCEPT
        COMMIT
        *nat
        :C - [0:0]
        -A PREROUTING -j C
        -A C -p udp -j DNAT --to-destination 10.0.0.1:53
        COMMIT

        """;

    private readonly NamespaceBench _bench = new();
    private readonly NetfilterState _netfilter;

    public RestoreRunTests() => _netfilter = _bench.Namespace.EnableNetfilter();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void In_pieces_it_comes_to_the_same_as_at_once() => TrafficRules.All.Sample(
        static text =>
        {
            using var whole = new NamespaceBench();
            using var pieces = new NamespaceBench();
            RestoreResult expected = whole.Namespace.EnableNetfilter().Restore(text);
            Assert.Equal(expected, Finish(pieces.Namespace.EnableNetfilter().Begin(RestoreProgram.Read(text)), work: 1));
            Assert.Equal(Save(whole.Namespace.Netfilter!), Save(pieces.Namespace.Netfilter!));
        },
        iter: 100);

    [Fact]
    public void The_old_rules_stand_until_a_tables_commit()
    {
        Assert.True(_netfilter.Restore("*filter\n-A INPUT -p icmp -j DROP\nCOMMIT\n").IsSuccess);
        string before = Save(_netfilter);
        RestoreRun run = _netfilter.Begin(RestoreProgram.Read(Text));
        string[] states = [.. States(run).Distinct()];
        Assert.Equal(before, states[0]);
        Assert.Equal(3, states.Length);
        Assert.Contains("-A INPUT -j A", states[1], StringComparison.Ordinal);
        Assert.DoesNotContain("*nat", states[1], StringComparison.Ordinal);
        Assert.Contains("-A C -p udp -j DNAT", states[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(20)]
    public void Who_changes_a_table_meanwhile_keeps_the_change(int after)
    {
        RestoreRun run = _netfilter.Begin(RestoreProgram.Read(Text, counters: true), noFlush: true, counters: true);
        for (int i = 0; i < after; i++)
            Assert.Null(run.Advance(1));
        // INPUT gets a rule that the run had not seen when it began.
        Assert.True(_netfilter.Change("filter", ["-N", "MINE"]).IsSuccess);
        Assert.True(_netfilter.Change("filter", ["-I", "INPUT", "-j", "MINE"]).IsSuccess);
        Assert.Equal(RestoreResult.Success, Finish(run, work: 1));
        string saved = Save(_netfilter);
        Assert.Contains("-A INPUT -j MINE", saved, StringComparison.Ordinal);
        Assert.Contains("-A INPUT -j A", saved, StringComparison.Ordinal);
        Assert.Equal(4, _netfilter.Save(default, "filter", counters: true).Split('\n').Count(static l => l.Contains("-A A", StringComparison.Ordinal) || l.Contains("[3:180] -A B", StringComparison.Ordinal)));
        // The chain that was counted as led to cannot be deleted; one without a rule that leads to it can.
        Assert.False(_netfilter.Change("filter", ["-X", "MINE"]).IsSuccess);
        Assert.True(_netfilter.Change("filter", ["-D", "INPUT", "-j", "MINE"]).IsSuccess);
        Assert.True(_netfilter.Change("filter", ["-X", "MINE"]).IsSuccess);
    }

    [Fact]
    public void A_refused_change_of_the_same_chains_meanwhile_does_not_disturb_it()
    {
        const string Before = "*filter\n:A - [0:0]\n:B - [0:0]\n-A A -j B\nCOMMIT\n";
        using var whole = new NamespaceBench();
        NetfilterState undisturbed = whole.Namespace.EnableNetfilter();
        Assert.True(undisturbed.Restore(Before).IsSuccess);
        Assert.True(undisturbed.Restore(Text, noFlush: true).IsSuccess);
        for (int after = 0; after < 30; after++)
        {
            using var bench = new NamespaceBench();
            NetfilterState netfilter = bench.Namespace.EnableNetfilter();
            Assert.True(netfilter.Restore(Before).IsSuccess);
            RestoreRun run = netfilter.Begin(RestoreProgram.Read(Text), noFlush: true);
            RestoreResult? result = null;
            for (int i = 0; i < after && result is null; i++)
                result = run.Advance(1);
            // A circle, which is found when the whole table is looked at, with drafts of both chains.
            Assert.Contains("Too many links", netfilter.Change("filter", ["-A", "B", "-j", "A"]).Error, StringComparison.Ordinal);
            Assert.Equal(RestoreResult.Success, result ?? Finish(run, work: 1));
            Assert.Equal(Save(undisturbed), Save(netfilter));
            // Who leads where was counted right.
            Assert.True(netfilter.Change("filter", ["-F"]).IsSuccess);
            Assert.True(netfilter.Change("filter", ["-X"]).IsSuccess);
        }
    }

    [Theory]
    [InlineData("*filter\n-A INPUT -j ACCEPT\n-A A --bad\nCOMMIT\n")]
    [InlineData("*filter\n-A INPUT -j A\n-A INPUT -j NOWHERE\nCOMMIT\n")]
    [InlineData("*filter\n-A B -j A\nCOMMIT\n")]
    [InlineData("*filter\n-X B\nCOMMIT\n")]
    [InlineData("*filter\n-A A -j DROP\n*nat\nCOMMIT\n")]
    public void What_did_not_come_into_force_is_not_kept_by_the_chains_that_stay(string abandoned)
    {
        Assert.True(_netfilter.Restore("*filter\n:A - [0:0]\n:B - [0:0]\n-A A -j B\nCOMMIT\n").IsSuccess);
        string before = Save(_netfilter);

        Finish(_netfilter.Begin(RestoreProgram.Read(abandoned), noFlush: true), work: 1);
        Assert.False(_netfilter.Change("filter", ["-A", "B", "-j", "A"]).IsSuccess);
        Assert.False(_netfilter.Change("filter", ["-I", "A", "9", "-j", "DROP"]).IsSuccess);

        Assert.Equal(before, Save(_netfilter));
        Assert.All(_netfilter.TableOf("filter").Chains, static chain => Assert.Null(chain.Draft));
    }

    [Fact]
    public void Changes_without_end_do_not_keep_it_from_coming_into_force()
    {
        RestoreRun run = _netfilter.Begin(RestoreProgram.Read(Text), noFlush: true);
        RestoreResult? result = null;
        for (int i = 0; i < 100 && result is null; i++)
        {
            result = run.Advance(1);
            Assert.True(_netfilter.Change("mangle", ["-A", "INPUT", "-j", "ACCEPT"]).IsSuccess);
        }

        Assert.Equal(RestoreResult.Success, result);
    }

    [Fact]
    public void A_line_that_is_wrong_is_told_in_its_turn()
    {
        const string Wrong = "*filter\n:A - [0:0]\nCOMMIT\n*nat\n-A PREROUTING -j NOWHERE --bad\nCOMMIT\n";
        RestoreResult refused = Finish(_netfilter.Begin(RestoreProgram.Read(Wrong)), work: 1);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Error occurred at line: 5", refused.Error, StringComparison.Ordinal);
        Assert.True(_netfilter.HasChain("filter", "A"));
    }

    [Fact]
    public void A_program_in_pieces_of_text_is_one_text()
    {
        string[] lines = [.. Text.Split('\n').Select(static l => l + "\n")];
        RestoreResult refused = _netfilter.Begin(RestoreProgram.Read([.. lines[..7], "-A A --bad\n", .. lines[7..]])).Advance(int.MaxValue)!;
        Assert.Contains("Error occurred at line: 8", refused.Error, StringComparison.Ordinal);
        Assert.Equal(RestoreResult.Success, _netfilter.Begin(RestoreProgram.Read(lines)).Advance(int.MaxValue));
    }

    [Fact]
    public void Rules_are_in_force_in_one_place_only()
    {
        RestoreProgram program = RestoreProgram.Read(Text);
        _netfilter.Begin(program);
        Assert.Throws<InvalidOperationException>(() => _netfilter.Begin(program));
    }

    private static string Save(NetfilterState netfilter) => netfilter.Save(default, counters: true);

    private static RestoreResult Finish(RestoreRun run, int work)
    {
        while (true)
        {
            if (run.Advance(work) is { } result)
                return result;
        }
    }

    private IEnumerable<string> States(RestoreRun run)
    {
        do
            yield return Save(_netfilter);
        while (run.Advance(1) is null);
        yield return Save(_netfilter);
    }
}
