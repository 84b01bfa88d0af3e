using ActorNet.Histories;
using CsCheck;

namespace ActorNet.Cluster.Tests.Histories;

/// <summary>Histories that a real list made, which must pass, and the same with one lie in them, which must not.</summary>
public sealed class ListHistoryTests
{
    private static readonly TokenList Empty = TokenList.Of();

    // What happens one after the other: who, what, how long the call stands before and the answer comes behind, and whether an answer comes at all.
    private static readonly Gen<(int Kind, int Before, int Behind, bool IsAnswered)[]> Scripts =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 40], Gen.Int[0, 40], Gen.Frequency((7, Gen.Const(true)), (1, Gen.Const(false))), (kind, before, behind, answered) => (kind, before, behind, answered))
            .Array[4, 60];

    [Fact]
    public void What_a_list_did_is_accepted_however_calls_and_answers_overlap() => Scripts.Sample(
        script =>
        {
            Verdict verdict = ListHistory.Decide(Empty, Play(script));
            Assert.True(verdict.IsLinearizable, verdict.Explanation);
        },
        iter: 3000);

    // Three lies that a store could tell. Each is planted where the times leave no other order.
    [Fact]
    public void A_write_that_was_acknowledged_and_is_gone_is_refused() => Scripts.Sample(
        script =>
        {
            List<TimedOperation<ListOperation>> history = Play(script);
            long end = history.Max(each => Math.Max(each.Call, each.Return ?? 0));
            // As if the append had been acknowledged before it was committed, and the member that had it died.
            history.Add(new(90, new ListOperation.Append(-1, null), end + 1, end + 2));
            history.Add(new(91, new ListOperation.Read(Last(script)), end + 3, end + 4));
            Assert.Equal(Decision.NotLinearizable, ListHistory.Decide(Empty, history).Decision);
        },
        iter: 1000);

    [Fact]
    public void A_read_of_what_is_no_longer_so_is_refused() => Scripts.Sample(
        script =>
        {
            List<TimedOperation<ListOperation>> history = Play(script);
            long end = history.Max(each => Math.Max(each.Call, each.Return ?? 0));
            TokenList old = Last(script), now = new(old.Tokens.Add(-1));
            history.Add(new(90, new ListOperation.Append(-1, now), end + 1, end + 2));
            history.Add(new(91, new ListOperation.Read(now), end + 3, end + 4));
            history.Add(new(92, new ListOperation.Read(old), end + 5, end + 6));
            Assert.Equal(Decision.NotLinearizable, ListHistory.Decide(Empty, history).Decision);
        },
        iter: 1000);

    [Fact]
    public void Two_comparisons_with_one_version_that_both_succeeded_are_refused() => Scripts.Sample(
        script =>
        {
            List<TimedOperation<ListOperation>> history = Play(script);
            long end = history.Max(each => Math.Max(each.Call, each.Return ?? 0));
            TokenList read = Last(script);
            history.Add(new(90, new ListOperation.CompareAndSet(read, -1, true), end + 1, end + 9));
            history.Add(new(91, new ListOperation.CompareAndSet(read, -2, true), end + 1, end + 9));
            Assert.Equal(Decision.NotLinearizable, ListHistory.Decide(Empty, history).Decision);
        },
        iter: 1000);

    // Any answer at any place that is changed to what no order explains: a token that nobody wrote.
    [Fact]
    public void One_answer_that_shows_what_nobody_wrote_is_refused() => Gen.Select(Scripts, Gen.Int[0, 1000]).Sample(
        (script, which) =>
        {
            List<TimedOperation<ListOperation>> history = Play(script);
            int[] reads = [.. Enumerable.Range(0, history.Count).Where(i => history[i].Operation is ListOperation.Read)];
            if (reads.Length == 0)
                return;
            int at = reads[which % reads.Length];
            history[at] = history[at] with { Operation = new ListOperation.Read(new TokenList(((ListOperation.Read)history[at].Operation).Seen.Tokens.Add(-1))) };
            Assert.Equal(Decision.NotLinearizable, ListHistory.Decide(Empty, history).Decision);
        },
        iter: 1000);

    // The shortcuts of ListHistory change no verdict: the plain search, which gives writes without an answer no bound, finds the same.
    [Fact]
    public void Writes_without_an_answer_are_judged_as_the_plain_search_judges_them() => Gen.Select(Scripts, Gen.Int[0, 1000], Gen.Int[0, 1000]).Sample(
        (script, one, other) =>
        {
            List<TimedOperation<ListOperation>> history = Play(script[..Math.Min(script.Length, 12)]);
            // Two answers change places: now and then that can still be explained.
            int[] reads = [.. Enumerable.Range(0, history.Count).Where(i => history[i].Operation is ListOperation.Read)];
            if (reads.Length > 1)
            {
                (int a, int b) = (reads[one % reads.Length], reads[other % reads.Length]);
                (history[a], history[b]) = (history[a] with { Operation = history[b].Operation }, history[b] with { Operation = history[a].Operation });
            }

            Verdict plain = Linearizability.Decide<TokenList, ListOperation>(Empty, ListHistory.Step, history);
            Assert.Equal(plain.Decision, ListHistory.Decide(Empty, history).Decision);
        },
        iter: 2000);

    [Fact]
    public void A_comparison_may_be_refused_for_a_write_that_nobody_ever_saw()
    {
        TimedOperation<ListOperation>[] history =
        [
            new(1, new ListOperation.Read(Empty), 1, 2),
            new(2, new ListOperation.Append(7, null), 3, null),
            new(1, new ListOperation.CompareAndSet(Empty, 8, false), 4, 5),
        ];
        Assert.True(ListHistory.Decide(Empty, history).IsLinearizable);
        // Nothing else was under way: then it may not.
        Assert.False(ListHistory.Decide(Empty, [history[0], history[2]]).IsLinearizable);
        // It was before, and is not there behind: then it may not either.
        Assert.False(ListHistory.Decide(Empty, [.. history, new(1, new ListOperation.Read(Empty), 6, 7)]).IsLinearizable);
    }

    [Fact]
    public void A_recorded_history_is_judged_key_by_key()
    {
        var recorder = new HistoryRecorder(TimeProvider.System);
        recorder.Answered(1, "good", new ListOperation.Append(1, TokenList.Of(1)), recorder.Call());
        recorder.Answered(1, "bad", new ListOperation.Append(2, TokenList.Of(1, 2)), recorder.Call());
        recorder.Unanswered(1, "good", new ListOperation.Append(3, null), recorder.Call());
        IReadOnlyDictionary<string, Verdict> verdicts = recorder.Decide(_ => Empty);
        Assert.Equal((true, false, 3), (verdicts["good"].IsLinearizable, verdicts["bad"].IsLinearizable, recorder.Count));
        Assert.Contains("append 2 makes [1 2]", verdicts["bad"].Explanation, StringComparison.Ordinal);
    }

    /// <summary>Runs a script on a list: each step takes effect at its own moment, its call comes before and its answer behind.</summary>
    private static List<TimedOperation<ListOperation>> Play((int Kind, int Before, int Behind, bool IsAnswered)[] script)
    {
        var history = new List<TimedOperation<ListOperation>>();
        TokenList list = Empty, read = Empty;
        for (int i = 0; i < script.Length; i++)
        {
            (int kind, int before, int behind, bool isAnswered) = script[i];
            (long call, long end) = ((10 * i) - before, (10 * i) + behind);
            ListOperation done = kind switch
            {
                < 4 => new ListOperation.Read(list),
                < 7 => new ListOperation.Append(i, isAnswered ? new TokenList(list.Tokens.Add(i)) : null),
                // By what was read last, which may be out of date.
                _ => new ListOperation.CompareAndSet(read, i, isAnswered ? read.Equals(list) : null),
            };
            if (done is ListOperation.Read)
                read = list;
            else if (done is ListOperation.Append)
                list = new TokenList(list.Tokens.Add(i));
            else if (read.Equals(list))
                list = TokenList.Of(i);
            if (isAnswered || done is not ListOperation.Read)
                history.Add(new(i, done, call, isAnswered ? end : null));
        }

        return history;
    }

    private static TokenList Last((int Kind, int Before, int Behind, bool IsAnswered)[] script)
    {
        TokenList list = Empty, read = Empty;
        for (int i = 0; i < script.Length; i++)
        {
            if (script[i].Kind < 4)
                read = list;
            else if (script[i].Kind < 7)
                list = new TokenList(list.Tokens.Add(i));
            else if (read.Equals(list))
                list = TokenList.Of(i);
        }

        return list;
    }
}
