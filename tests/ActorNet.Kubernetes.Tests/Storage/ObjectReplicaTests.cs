using ActorNet.Kubernetes.Storage;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Storage;

/// <summary>A copy that hears a store's changes, judged by the store.</summary>
public sealed class ObjectReplicaTests
{
    /// <summary>Whatever is written, and however much comes at once: at every revision both hold the same, and whoever watches either is told the same.</summary>
    [Fact]
    public void A_copy_reads_as_the_store_at_every_revision_and_tells_the_same_changes()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4], Gen.Int[0, 3]).Array[0, 60].Sample(steps =>
        {
            var state = new KeyValueState();
            state.Apply(Put("/pods/first", 1));
            var copy = new ObjectReplica(state.View().Range(new RangeRequest(Pods)).Objects, state.Revision);
            long begin = state.Revision;
            foreach ((int action, int name, int delivered) in steps)
            {
                state.Apply(action switch
                {
                    0 => Put($"/nodes/{name}", name),
                    1 or 2 => new StoreTransaction([], [new DeleteOperation(KeyRange.Single($"/pods/{name}"))], []),
                    _ => Put($"/pods/{name}", action),
                });
                if (delivered > 0)
                    Deliver(state, copy);
            }

            Deliver(state, copy);
            for (long revision = begin; revision <= state.Revision; revision++)
            {
                Assert.Equal(Texts(state.View().Range(new RangeRequest(Pods, revision)).Objects), Texts(Now(copy.RangeAsync(new RangeRequest(Pods, revision))).Objects));
                if (state.View().Changes(Pods, revision + 1).Events is { Count: > 0 } events)
                    Assert.Equal(events.Select(Text), Now(copy.Watch(Pods, revision + 1).NextAsync()).Events.Select(Text));
            }
        }, iter: 300, threads: 1);
    }

    [Fact]
    public void A_copy_forgets_its_oldest_changes_and_says_so()
    {
        var copy = new ObjectReplica([], 10);
        for (int i = 1; i <= ObjectReplica.MostChanges + 5; i++)
            copy.Apply([("/pods/a", 10 + i, new byte[] { 1 })], 10 + i);
        Assert.Equal(15, copy.Oldest);
        Assert.Equal(10 + ObjectReplica.MostChanges + 5, copy.Revision);
        Assert.Throws<CompactedException>(() => Now(copy.RangeAsync(new RangeRequest(Pods, 14))));
        Assert.Throws<CompactedException>(() => Now(copy.Watch(Pods, 15).NextAsync()));
        Assert.Equal(16, Now(copy.Watch(Pods, 16).NextAsync()).Events[0].Revision);
        byte[] large = new byte[1024 * 1024];
        for (int i = 1; i <= 100; i++)
            copy.Apply([("/pods/b", copy.Revision + 1, large)], copy.Revision + 1);
        // Each change holds the object before it and behind it.
        Assert.Equal(copy.Revision - (ObjectReplica.MostBytes / (2 * large.Length)), copy.Oldest);
    }

    [Fact]
    public async Task A_watch_of_a_revision_to_come_waits_for_it_and_one_of_an_ended_copy_is_too_old()
    {
        var copy = new ObjectReplica([], 10);
        await using IStoreWatch watch = copy.Watch(Pods, 21);
        Task<StoreChanges> next = watch.NextAsync().AsTask();
        copy.Apply([("/pods/a", 15, new byte[] { 1 })], 20);
        Assert.False(next.IsCompleted);
        copy.Apply([("/pods/a", 22, null)], 22);
        StoreEvent gone = Assert.Single((await next.WaitAsync(TimeSpan.FromSeconds(60))).Events);
        Assert.Equal((true, 22, 15), (gone.IsDeletion, gone.Revision, gone.Previous!.ModRevision));
        next = watch.NextAsync().AsTask();
        copy.End();
        await Assert.ThrowsAsync<CompactedException>(() => next.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    private static readonly KeyRange Pods = KeyRange.Prefix("/pods/");

    private static void Deliver(KeyValueState state, ObjectReplica copy)
    {
        StoreChanges changes = state.View().Changes(Pods, copy.Revision + 1);
        copy.Apply([.. changes.Events.Select(each => (each.Object.Key, each.Revision, each.IsDeletion ? default(ReadOnlyMemory<byte>?) : each.Object.Value))], changes.Revision);
    }

    private static StoreTransaction Put(string key, int value) => new([], [new PutOperation(key, new[] { (byte)value })], []);

    private static string[] Texts(IEnumerable<StoredObject> objects) => [.. objects.Select(Text)];

    private static string Text(StoredObject each) => $"{each.Key}@{each.ModRevision}={Convert.ToHexString(each.Value.Span)}";

    private static string Text(StoreEvent each) => $"{each.IsDeletion} {Text(each.Object)} before {(each.Previous is { } previous ? Text(previous) : "-")}";

    private static T Now<T>(ValueTask<T> done)
    {
        Assert.True(done.IsCompleted);
        return done.AsTask().GetAwaiter().GetResult();
    }
}
