using System.Text;
using ActorNet.Kubernetes.Storage;
using CsCheck;
using Xunit;

namespace ActorNet.StoreConformance;

/// <summary>
/// Random histories against a model that knows nothing of trees: it keeps a copy of everything for each revision and answers by looking
/// through it.
/// </summary>
internal static class ModelRun
{
    private static readonly Gen<string> Key = Gen.Int[0, 7].Select(i => $"k{i}");

    private static readonly Gen<KeyRange> Range = Gen.Select(Key, Key, Gen.Int[0, 3], (a, b, shape) => shape switch
    {
        0 => KeyRange.Single(a),
        1 => KeyRange.All,
        2 => new KeyRange(a, null),
        _ => new KeyRange(a, b),
    });

    private static readonly Gen<StoreOperation> Operation = Gen.Frequency(
        (4, Gen.Select(Key, Gen.Int[0, 99], StoreOperation (key, value) => new PutOperation(key, Encoding.UTF8.GetBytes($"{value}")))),
        (2, Range.Select(StoreOperation (keys) => new DeleteOperation(keys))),
        (1, Gen.Select(Range, Gen.Int[0, 3], StoreOperation (keys, limit) => new RangeOperation(new RangeRequest(keys, 0, limit)))));

    private static readonly Gen<Comparison> Condition = Gen.Select(Key, Gen.Enum<CompareTarget>(), Gen.Enum<CompareResult>(), Gen.Int[0, 12],
        (key, target, result, operand) => new Comparison(key, target, result, operand));

    private static readonly Gen<StoreTransaction> Transaction = Gen.Select(Condition.Array[0, 2], Operation.Array[0, 4], Operation.Array[0, 4],
        (conditions, success, failure) => new StoreTransaction([.. conditions], [.. success], [.. failure]));

    private static readonly Gen<Order> Orders = Gen.Frequency(
        (8, Transaction.Select(Order (transaction) => new Commit(transaction))),
        (2, Gen.Select(Range, Gen.Int[0, 15], Gen.Int[0, 4], Order (keys, back, limit) => new ReadBack(keys, back, limit))),
        (1, Gen.Int[0, 10].Select(Order (back) => new Compaction(back))));

    /// <summary>Runs random orders through new stores and the model.</summary>
    public static Task CheckAsync(Func<IObjectStore> newStore, int histories, int atOnce) =>
        Orders.Array[0, 40].SampleAsync(async orders => await CompareAsync(newStore(), orders), iter: histories, threads: atOnce);

    private static async Task CompareAsync(IObjectStore store, Order[] orders)
    {
        long start = (await store.RangeAsync(new RangeRequest(KeyRange.All, 0, 1))).Revision;
        var model = new Model(start);
        foreach (Order order in orders)
        {
            switch (order)
            {
                case Commit commit:
                    Assert.Equal(model.Run(commit.Transaction), await ResultOf(store, commit.Transaction));
                    break;
                case ReadBack read:
                    long revision = Math.Max(1, model.Revision - read.Back);
                    Assert.Equal(model.Read(read.Keys, revision, read.Limit), await RangeOf(store, new RangeRequest(read.Keys, revision, read.Limit)));
                    break;
                case Compaction compaction when model.Revision - compaction.Back > model.Compacted:
                    model.Compacted = model.Revision - compaction.Back;
                    await store.CompactAsync(model.Compacted);
                    break;
            }
        }

        Assert.Equal(model.Events(), await EventsOf(store, model.Compacted + 1, model.Revision));
    }

    private static async Task<string> ResultOf(IObjectStore store, StoreTransaction transaction)
    {
        try
        {
            TransactionResult result = await store.CommitAsync(transaction);
            return $"{result.Succeeded} {result.Revision} {string.Join(';', result.Results.Select(each => Show(each.Range)))}";
        }
        catch (StoreException)
        {
            return "refused";
        }
    }

    private static async Task<string> RangeOf(IObjectStore store, RangeRequest request)
    {
        try
        {
            return Show(await store.RangeAsync(request));
        }
        catch (CompactedException)
        {
            return "compacted";
        }
    }

    private static async Task<List<string>> EventsOf(IObjectStore store, long from, long to)
    {
        var events = new List<string>();
        // A last write, so that the watch knows its end.
        await store.CommitAsync(StoreTransaction.Of(new PutOperation("zz", default)));
        await using IStoreWatch watch = store.Watch(KeyRange.All, from);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            foreach (StoreEvent each in (await watch.NextAsync(patience.Token)).Events)
            {
                if (each.Revision > to)
                    return events;
                events.Add($"{(each.IsDeletion ? "-" : "+")}{Show(each.Object)} was {(each.Previous is null ? "" : Show(each.Previous))}");
            }
        }
    }

    private static string Show(RangeResult range) => $"({range.Revision}: {range.Count} {string.Join(',', range.Objects.Select(Show))})";

    private static string Show(StoredObject one) => $"{one.Key}={Encoding.UTF8.GetString(one.Value.Span)}@{one.CreateRevision}/{one.ModRevision}/{one.Version}";

    private abstract record Order;

    private sealed record Commit(StoreTransaction Transaction) : Order
    {
        public override string ToString() =>
            $"if [{string.Join(',', Transaction.Comparisons)}] then [{string.Join(',', Transaction.Success)}] else [{string.Join(',', Transaction.Failure)}]";
    }

    private sealed record ReadBack(KeyRange Keys, int Back, int Limit) : Order;

    private sealed record Compaction(int Back) : Order;

    private sealed class Model(long start)
    {
        private readonly Dictionary<long, List<StoredObject>> _at = new() { [start] = [] };
        private readonly List<(long Revision, string Text)> _events = [];

        public long Revision { get; private set; } = start;

        public long Compacted { get; set; } = start;

        public IEnumerable<string> Events() => _events.Where(each => each.Revision > Compacted).Select(each => each.Text);

        public string Read(KeyRange keys, long revision, int limit) =>
            revision < Compacted ? "compacted" : Show(Pick(_at[revision], keys, limit, Revision));

        public string Run(StoreTransaction transaction)
        {
            if (Clashes(transaction.Success) || Clashes(transaction.Failure))
                return "refused";
            List<StoredObject> now = _at[Revision];
            bool holds = transaction.Comparisons.All(condition => Holds(condition, now.Find(each => each.Key == condition.Key)));
            var next = new List<StoredObject>(now);
            var texts = new List<string>();
            var events = new List<string>();
            foreach (StoreOperation operation in holds ? transaction.Success : transaction.Failure)
                texts.Add(Step(operation, next, events));
            if (events.Count > 0)
            {
                Revision++;
                _at[Revision] = next;
                _events.AddRange(events.Select(text => (Revision, text)));
            }

            return $"{holds} {Revision} {string.Join(';', texts)}";
        }

        private string Step(StoreOperation operation, List<StoredObject> next, List<string> events)
        {
            long revision = Revision + 1;
            switch (operation)
            {
                case PutOperation put:
                    StoredObject? before = next.Find(each => each.Key == put.Key);
                    next.RemoveAll(each => each.Key == put.Key);
                    var written = new StoredObject(put.Key, put.Value, before?.CreateRevision ?? revision, revision, before is null ? 1 : before.Version + 1);
                    next.Add(written);
                    next.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
                    events.Add($"+{Show(written)} was {(before is null ? "" : Show(before))}");
                    return Show(new RangeResult(revision, before is null ? [] : [before], before is null ? 0 : 1));
                case DeleteOperation delete:
                    var gone = next.Where(each => delete.Keys.Contains(each.Key)).ToList();
                    next.RemoveAll(gone.Contains);
                    events.AddRange(gone.Select(each => $"-{each.Key}=@0/{revision}/0 was {Show(each)}"));
                    return Show(new RangeResult(Revision + (events.Count > 0 ? 1 : 0), gone, gone.Count));
                default:
                    RangeRequest request = ((RangeOperation)operation).Request;
                    return Show(Pick(next, request.Keys, request.Limit, Revision + (events.Count > 0 ? 1 : 0)));
            }
        }

        private static bool Clashes(IEnumerable<StoreOperation> steps)
        {
            string[] puts = [.. steps.OfType<PutOperation>().Select(put => put.Key)];
            return puts.Distinct().Count() < puts.Length || steps.OfType<DeleteOperation>().Any(delete => puts.Any(delete.Keys.Contains));
        }

        private static bool Holds(Comparison condition, StoredObject? found)
        {
            long value = found is null ? 0 : condition.Target == CompareTarget.Version ? found.Version : condition.Target == CompareTarget.ModRevision ? found.ModRevision : found.CreateRevision;
            int order = value.CompareTo(condition.Operand);
            return condition.Result switch
            {
                CompareResult.Equal => order == 0,
                CompareResult.NotEqual => order != 0,
                CompareResult.Greater => order > 0,
                _ => order < 0,
            };
        }

        private static RangeResult Pick(List<StoredObject> all, KeyRange keys, int limit, long revision)
        {
            var found = all.Where(each => string.CompareOrdinal(each.Key, keys.Start) >= 0 && (keys.End is null || string.CompareOrdinal(each.Key, keys.End) < 0)).ToList();
            return new RangeResult(revision, [.. found.Take(limit == 0 ? int.MaxValue : limit)], found.Count);
        }
    }
}
