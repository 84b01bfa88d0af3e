namespace ActorNet.Histories;

/// <summary>Judges what clients did to one list.</summary>
public static class ListHistory
{
    /// <summary>Decides whether a history of one list is linearizable.</summary>
    /// <param name="initial">The list before all operations.</param>
    /// <param name="history">
    /// The operations, in any order; without those that surely had no effect and told nothing. One without an answer is a write (a read without one
    /// tells nothing).
    /// </param>
    /// <param name="limit">How many operations may be tried.</param>
    public static Verdict Decide(TokenList initial, IReadOnlyList<TimedOperation<ListOperation>> history, long limit = 50_000_000) =>
        Linearizability.Decide<TokenList, ListOperation>(initial, Step, Bound(history), limit);

    /// <summary>The sequential list.</summary>
    public static bool Step(TokenList before, ListOperation operation, out TokenList after)
    {
        after = before;
        switch (operation)
        {
            case ListOperation.Read read:
                return read.Seen.Equals(before);
            case ListOperation.Append append:
                after = new TokenList(before.Tokens.Add(append.Token));
                return append.Seen is null || append.Seen.Equals(after);
            case ListOperation.CompareAndSet { Succeeded: false } refused:
                return !refused.Expected.Equals(before);
            case ListOperation.CompareAndSet set when set.Expected.Equals(before):
                after = TokenList.Of(set.Token);
                return true;
            // One without an answer, for which the list was another one, did nothing; the same as having no place.
            default:
                return false;
        }
    }

    // Writes without an answer make the search long, as each may stand anywhere from its call on. But what they do is seen. One whose token is in an
    // answer came before it. One whose token nobody saw can only stand behind all that saw the whole list, where nothing but a refused comparison
    // depends on it: without such a one it is left out.
    private static List<TimedOperation<ListOperation>> Bound(IReadOnlyList<TimedOperation<ListOperation>> history)
    {
        Dictionary<long, long> firstSeen = [];
        HashSet<long> named = [];
        long lastLook = long.MinValue, lastRefusal = long.MinValue;
        foreach (TimedOperation<ListOperation> each in history)
        {
            if (each.Operation is ListOperation.CompareAndSet set)
                named.UnionWith(set.Expected.Tokens);
            if (each.Operation is ListOperation.CompareAndSet { Succeeded: false })
                lastRefusal = Math.Max(lastRefusal, each.Return ?? long.MaxValue);
            if (SeenBy(each.Operation) is not { } seen)
                continue;
            lastLook = Math.Max(lastLook, each.Call);
            foreach (long token in seen.Tokens)
                firstSeen[token] = Math.Min(firstSeen.GetValueOrDefault(token, long.MaxValue), each.Return ?? long.MaxValue);
        }

        var bounded = new List<TimedOperation<ListOperation>>(history.Count);
        foreach (TimedOperation<ListOperation> each in history)
        {
            if (each.Return is not null)
                bounded.Add(each);
            else if (firstSeen.TryGetValue(TokenOf(each.Operation), out long seen))
                bounded.Add(each with { Return = Math.Max(seen, each.Call) });
            else if (named.Contains(TokenOf(each.Operation)) || lastRefusal >= Math.Max(lastLook, each.Call))
                bounded.Add(each);
        }

        return bounded;
    }

    // The list that was there at the moment of the operation, or right behind it, as the answer says.
    private static TokenList? SeenBy(ListOperation operation) => operation switch
    {
        ListOperation.Read read => read.Seen,
        ListOperation.Append append => append.Seen,
        ListOperation.CompareAndSet { Succeeded: true } set => set.Expected,
        _ => null,
    };

    private static long TokenOf(ListOperation operation) => operation switch
    {
        ListOperation.Append append => append.Token,
        ListOperation.CompareAndSet set => set.Token,
        _ => throw new ArgumentException("A read without an answer tells nothing: leave it out.", nameof(operation)),
    };
}
