using System.Security.Cryptography;
using System.Text;
using ActorNet.Cluster.Stores;
using ActorNet.Kubernetes.Storage;
using CsCheck;

namespace ActorNet.Cluster.Tests.Stores;

public sealed class SnapshotFormatTests
{
    private static readonly Gen<string> Key = Gen.Int[0, 7].Select(i => $"k{i}");

    private static readonly Gen<StoreTransaction> Transaction = Gen.OneOf(
        Gen.Select(Key, Gen.Int[0, 99]).Select((key, value) => StoreTransaction.Of(new PutOperation(key, Encoding.UTF8.GetBytes($"{value}")))),
        Gen.Select(Key, Gen.Int[0, 99], Gen.Int[0, 20]).Select((key, value, revision) =>
            StoreTransaction.When([Comparison.Unchanged(key, revision)], new PutOperation(key, Encoding.UTF8.GetBytes($"{value}")), new PutOperation("other", default))),
        Gen.Select(Key, Key).Select((from, to) => StoreTransaction.Of(new DeleteOperation(new KeyRange(from, to)))));

    [Fact]
    public void A_state_read_back_shows_the_same_and_goes_on_in_the_same_way()
    {
        Gen.Select(Transaction.Array[0, 40], Gen.Int[0, 20], Transaction.Array[0, 10]).Sample((before, back, after) =>
        {
            var state = new KeyValueState();
            foreach (StoreTransaction each in before)
                state.Apply(each);
            if (state.Revision - back > state.CompactRevision)
                state.Compact(state.Revision - back);

            KeyValueState read = SnapshotFormat.Read(new MemoryStream(Bytes(state)), "test").State;

            Assert.Equal(Show(state), Show(read));
            foreach (StoreTransaction each in after)
                Assert.Equal(Show(state.Apply(each)), Show(read.Apply(each)));
            Assert.Equal(Show(state), Show(read));
        });
    }

    [Fact]
    public void A_change_of_any_byte_and_a_cut_anywhere_is_recognised()
    {
        var state = new KeyValueState();
        state.Apply(StoreTransaction.Of(new PutOperation("a", new byte[20])));
        state.Apply(StoreTransaction.Of(new PutOperation("b", new byte[20])));
        byte[] right = Bytes(state);
        for (int at = 0; at < right.Length; at++)
        {
            byte[] changed = [.. right];
            changed[at] ^= 1;
            Assert.Throws<StoreDamagedException>(() => SnapshotFormat.Read(new MemoryStream(changed), "test"));
            Assert.Throws<StoreDamagedException>(() => SnapshotFormat.Read(new MemoryStream(right[..at]), "test"));
        }
    }

    [Fact]
    public void A_snapshot_of_a_newer_format_is_refused_by_its_number()
    {
        // The word, a record of five bytes (fixarray of 4: version 2, three numbers), and their hash.
        byte[] bytes = [.. "ANETSNAP"u8, 0, 0, 0, 5, 0x94, SnapshotFormat.Version + 1, 1, 0, 0, 0, 0, 0, 0];
        var refused = Assert.Throws<StoreDamagedException>(() => SnapshotFormat.Read(new MemoryStream([.. bytes, .. SHA256.HashData(bytes)]), "test"));
        Assert.Contains("format 2, and this version of actornet reads up to 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_that_are_none_are_refused_though_their_hash_is_right()
    {
        Gen.Byte.Array[0, 60].Sample(records =>
        {
            byte[] bytes = [.. "ANETSNAP"u8, 0, 0, 0, (byte)Math.Max(1, records.Length), .. records];
            try
            {
                SnapshotFormat.Read(new MemoryStream([.. bytes, .. SHA256.HashData(bytes)]), "test");
            }
            catch (StoreDamagedException)
            {
            }
        });
    }

    private static byte[] Bytes(KeyValueState state)
    {
        using var output = new MemoryStream();
        SnapshotFormat.Write(output, state.View());
        return output.ToArray();
    }

    private static string Show(KeyValueState state)
    {
        KeyValueView view = state.View();
        string history = string.Join('\n', view.History.Select(events => string.Join(',', events.Select(each => $"{each.IsDeletion}{Show(each.Object)}<{(each.Previous is null ? "" : Show(each.Previous))}"))));
        return $"{view.CompactRevision}..{view.Revision}\n{string.Join(',', view.Base.Select(Show))}\n{history}";
    }

    private static string Show(TransactionResult result) => $"{result.Succeeded} {result.Revision} {string.Join(';', result.Results.SelectMany(each => each.Range.Objects).Select(Show))}";

    private static string Show(StoredObject one) => $"{one.Key}={Encoding.UTF8.GetString(one.Value.Span)}@{one.CreateRevision}/{one.ModRevision}/{one.Version}";
}
