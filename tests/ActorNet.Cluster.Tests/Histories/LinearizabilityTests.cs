using System.Collections.Immutable;
using ActorNet.Histories;

namespace ActorNet.Cluster.Tests.Histories;

/// <summary>Histories of which the literature says whether they are linearizable.</summary>
public sealed class LinearizabilityTests
{
    // M. Herlihy, J. Wing, Linearizability: A Correctness Condition for Concurrent Objects, ACM TOPLAS 12(3), July 1990, section 2: queue histories H1 to H4.
    // A line an event: process, operation, and what was answered where it was.
    [Theory]
    [InlineData("H1", true, "A Enq x; B Enq y; B Ok; A Ok; B Deq; B Ok x; A Deq; A Ok y; A Enq z")]
    [InlineData("H2", false, "A Enq x; A Ok; B Enq y; A Deq; B Ok; A Ok y")]
    [InlineData("H3", true, "A Enq x; B Deq; B Ok x")]
    [InlineData("H4", false, "A Enq x; B Enq y; A Ok; B Ok; A Deq; C Deq; A Ok y; C Ok y")]
    public void Queues_of_Herlihy_and_Wing(string name, bool expected, string events)
    {
        Verdict verdict = Linearizability.Decide<TokenList, QueueOperation>(TokenList.Of(), Step, Parse(events));
        Assert.True(verdict.IsLinearizable == expected, $"{name}: {verdict.Explanation}");
        Assert.Equal(expected, verdict.Explanation.Length == 0);
    }

    // MIT 6.824, spring 2017, quiz 2, section VII; also examples of the checker porcupine (anishathalye/porcupine: porcupine_test.go).
    [Theory]
    [InlineData(true, "put 100 0 100; get 100 25 75; get 0 30 60")]
    [InlineData(false, "put 200 0 100; get 200 10 30; get 0 40 90")]
    // The same checker's examples of operations that take no time, or begin when another ends: those overlap.
    [InlineData(true, "put 100 0 100; get 100 25 75; get 0 30 30; get 0 30 30")]
    [InlineData(false, "put 200 0 100; get 200 10 10; get 200 10 10; get 0 40 90")]
    // L. Lamport, On Interprocess Communication, Distributed Computing 1 (1986): a regular register may show a new value and the old one again while the
    // write is under way, an atomic one may not.
    [InlineData(true, "put 1 0 10; get 0 1 2; get 1 3 4; get 1 11 12")]
    [InlineData(false, "put 1 0 10; get 1 1 2; get 0 3 4")]
    // A write without an answer may take effect late, or never, but only once.
    [InlineData(true, "put 1 0 -; get 0 10 11; get 1 20 21")]
    [InlineData(true, "put 1 0 -; get 0 10 11; get 0 20 21")]
    [InlineData(true, "put 1 0 -; put 2 5 6; get 2 10 11; get 1 20 21")]
    [InlineData(false, "put 1 0 -; put 2 5 6; get 1 10 11; get 2 20 21; get 1 30 31")]
    [InlineData(false, "get 1 0 5; put 1 6 -")]
    public void Registers(bool expected, string operations)
    {
        TimedOperation<(bool IsPut, long Value)>[] history = [.. operations.Split("; ").Select((text, i) => text.Split(' ') is var part
            ? new TimedOperation<(bool IsPut, long Value)>(i, (part[0] == "put", long.Parse(part[1])), long.Parse(part[2]), part[3] == "-" ? null : long.Parse(part[3]))
            : throw new FormatException(text))];
        Verdict verdict = Linearizability.Decide<long, (bool IsPut, long Value)>(0, Register, history);
        Assert.True(verdict.IsLinearizable == expected, verdict.Explanation);
    }

    [Fact]
    public void A_search_that_takes_too_long_says_so()
    {
        // Each order of the writes is tried for a value that nobody wrote.
        TimedOperation<(bool IsPut, long Value)>[] history =
            [.. Enumerable.Range(1, 12).Select(i => new TimedOperation<(bool, long)>(i, (true, i), 0, 100)), new(0, (false, 99), 0, 100)];
        Assert.Equal(Decision.Undecided, Linearizability.Decide<long, (bool IsPut, long Value)>(0, Register, history, limit: 1000).Decision);
        // With what was tried remembered there are 2^12 sets of 12 states at most, not 12! orders.
        Verdict whole = Linearizability.Decide<long, (bool IsPut, long Value)>(0, Register, history);
        Assert.Equal(Decision.NotLinearizable, whole.Decision);
        Assert.InRange(whole.Steps, 1, 4096L * 12 * 13);
    }

    private static bool Register(long before, (bool IsPut, long Value) operation, out long after)
    {
        after = operation.IsPut ? operation.Value : before;
        return operation.IsPut || operation.Value == before;
    }

    private static bool Step(TokenList before, QueueOperation operation, out TokenList after)
    {
        ImmutableArray<long> items = before.Tokens;
        after = operation.IsEnqueue ? new TokenList(items.Add(operation.Item)) : new TokenList(items.IsEmpty ? items : items.RemoveAt(0));
        return operation.IsEnqueue || (!items.IsEmpty && items[0] == operation.Item);
    }

    private static List<TimedOperation<QueueOperation>> Parse(string events)
    {
        var history = new List<TimedOperation<QueueOperation>>();
        Dictionary<char, (bool IsEnqueue, char Item, long Call)> open = [];
        long time = 0;
        foreach (string[] each in events.Split("; ").Select(static text => text.Split(' ')))
        {
            (char process, char item) = (each[0][0], each.Length > 2 ? each[2][0] : ' ');
            if (each[1] != "Ok")
                open[process] = (each[1] == "Enq", item, ++time);
            else if (open.Remove(process, out (bool IsEnqueue, char Item, long Call) call))
                history.Add(new(process, new QueueOperation(call.IsEnqueue, call.IsEnqueue ? call.Item : item), call.Call, ++time));
        }

        history.AddRange(open.Select(static each => new TimedOperation<QueueOperation>(each.Key, new QueueOperation(each.Value.IsEnqueue, each.Value.Item), each.Value.Call, null)));
        return history;
    }

    private sealed record QueueOperation(bool IsEnqueue, long Item);
}
