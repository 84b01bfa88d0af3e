using System.Globalization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Storage;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>Lists in pages and watches, with and without filters.</summary>
public sealed class ListAndWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Pages_together_are_the_list_at_its_revision()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        for (int i = 0; i < 25; i++)
            await fixture.CreateAsync("ConfigMap", $$$"""{"metadata":{"name":"c{{{i:d2}}}"}}""");
        ObjectList page = await List(fixture, limit: 10);
        Assert.Equal((10, 15L), (page.Items.Count, page.Remaining));
        long revision = page.Revision;
        await fixture.DeleteAsync("ConfigMap", "c24");
        var names = page.Items.Select(each => each.Name).ToList();
        while (page.Continue.Length > 0)
        {
            page = await List(fixture, limit: 10, token: page.Continue);
            Assert.Equal(revision, page.Revision);
            names.AddRange(page.Items.Select(each => each.Name));
        }

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"c{i:d2}"), names);
    }

    [Fact]
    public async Task A_filter_fills_its_pages_and_does_not_count()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        for (int i = 0; i < 20; i++)
            await fixture.CreateAsync("ConfigMap", $$$$"""{"metadata":{"name":"c{{{{i:d2}}}}","labels":{"odd":"{{{{i % 2}}}}"}}}""");
        var odd = new ObjectFilter(LabelSelector.Parse("odd=1"), FieldSelector.Everything);
        ObjectList first = await List(fixture, odd, 4);
        Assert.Equal((4, (long?)null), (first.Items.Count, first.Remaining));
        ObjectList rest = await List(fixture, odd, 0, first.Continue);
        Assert.Equal(["c09", "c11", "c13", "c15", "c17", "c19"], rest.Items.Select(each => each.Name));
    }

    [Fact]
    public async Task What_is_too_old_or_too_new_says_so()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"b"}}""");
        ObjectList page = await List(fixture, limit: 1);
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"c"}}""");
        ApiException future = await ApiFixture.FailsAsync(() => ListAt(fixture, "1000", ""));
        Assert.Equal((504, "Timeout", "ResourceVersionTooLarge"), (future.Code, future.Reason, future.Causes[0].Reason));
        Assert.Single((await ListAt(fixture, made.Revision.ToString(CultureInfo.InvariantCulture), "Exact")).Items);
        await fixture.Store.CompactAsync(page.Revision + 1);
        ApiException old = await ApiFixture.FailsAsync(() => List(fixture, limit: 1, token: page.Continue));
        Assert.Equal((410, "Expired"), (old.Code, old.Reason));
        Assert.StartsWith("The provided continue parameter is too old", old.Message, StringComparison.Ordinal);
        ApiException watch = await ApiFixture.FailsAsync(async () => await Open(fixture, made.Revision - 1));
        Assert.Equal((410, "Expired"), (watch.Code, watch.Reason));
        Assert.Equal(400, (await ApiFixture.FailsAsync(() => List(fixture, token: "nonsense"))).Code);
        Assert.Equal(422, (await ApiFixture.FailsAsync(() => ListAt(fixture, "", "Exact"))).Code);
    }

    [Fact]
    public async Task A_field_that_is_not_known_is_refused()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiException e = await ApiFixture.FailsAsync(() => List(fixture, new ObjectFilter(LabelSelector.Everything, FieldSelector.Parse("spec.foo=1"))));
        Assert.Equal((400, "field label not supported: spec.foo"), (e.Code, e.Message));
    }

    [Fact]
    public async Task An_object_that_stops_matching_is_deleted_for_the_watch_and_added_when_it_matches_again()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a","labels":{"x":"1"}}}""");
        ResourceWatch watch = await Open(fixture, 0, new ObjectFilter(LabelSelector.Parse("x=1"), FieldSelector.Everything));
        await fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, """{"metadata":{"labels":{"x":"2"}}}""");
        await fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, """{"metadata":{"labels":{"x":"1"}}}""");
        await fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, """{"data":{"k":"v"}}""");
        await fixture.DeleteAsync("ConfigMap", "a");
        List<WatchEvent> events = await Take(watch, 5);
        Assert.Equal(["Added 1", "Deleted 1", "Added 1", "Modified 1", "Deleted 1"], events.Select(each => $"{each.Type} {each.Object!.Document.Text("metadata.labels.x")}"));
        Assert.All(events, each => Assert.Equal(each.Revision.ToString(CultureInfo.InvariantCulture), each.Object!.Document.Text("metadata.resourceVersion")));
    }

    [Fact]
    public async Task Initial_events_end_with_a_bookmark()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        ResourceWatch watch = await fixture.Api.WatchAsync(fixture.Kind("ConfigMap"), "default", new WatchOptions(ObjectFilter.Everything, Bookmarks: true, InitialEvents: true, Match: "NotOlderThan"));
        List<WatchEvent> events = await Take(watch, 2);
        Assert.Equal([(WatchEventType.Added, false), (WatchEventType.Bookmark, true)], events.Select(each => (each.Type, each.EndsInitialEvents)));
        Assert.Equal(made.Revision, events[1].Revision);
        Assert.Equal(422, (await ApiFixture.FailsAsync(async () => await fixture.Api.WatchAsync(fixture.Kind("ConfigMap"), "default", new WatchOptions(ObjectFilter.Everything, InitialEvents: true)))).Code);
    }

    [Fact]
    public async Task A_watch_that_ends_by_its_timeout_says_how_far_it_has_come()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        ApiObject other = await fixture.CreateAsync("Secret", """{"metadata":{"name":"a"}}""");
        ResourceWatch watch = await fixture.Api.WatchAsync(fixture.Kind("ConfigMap"), "default",
            new WatchOptions(ObjectFilter.Everything, made.Revision.ToString(CultureInfo.InvariantCulture), Bookmarks: true, Timeout: TimeSpan.FromMilliseconds(50)));
        var events = new List<WatchEvent>();
        await foreach (WatchEvent each in watch.ReadAsync())
            events.Add(each);
        Assert.Equal((WatchEventType.Bookmark, other.Revision), (Assert.Single(events).Type, events[0].Revision));
    }

    [Fact]
    public async Task A_reader_that_leaves_leaves_no_waiter_behind()
    {
        var store = new WaiterStore();
        ApiFixture fixture = await ApiFixture.NewAsync(store);
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        ResourceWatch watch = await Open(fixture, 1);
        await Take(watch, 1);
        Assert.Equal((true, true), (store.Watch!.Cancel.IsCancellationRequested, store.Watch.IsDisposed));
    }

    /// <summary>Random writes; a watch with a filter, from any revision, rebuilds what a list with the same filter shows.</summary>
    [Fact]
    public async Task A_watch_under_churn_rebuilds_the_list()
    {
        Gen<(int Name, int Act, int Label)> write = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 2]);
        await Gen.Select(write.Array[1, 60], Gen.Int[0, 60], Gen.Bool).SampleAsync(async (writes, startAt, filtered) =>
        {
            ApiFixture fixture = await ApiFixture.NewAsync();
            ObjectFilter filter = filtered ? new ObjectFilter(LabelSelector.Parse("x in (0,1)"), FieldSelector.Everything) : ObjectFilter.Everything;
            var seen = new SortedDictionary<string, string>(StringComparer.Ordinal);
            ResourceWatch? watch = null;
            for (int i = 0; i < writes.Length; i++)
            {
                if (i == startAt % writes.Length)
                {
                    ObjectList list = await List(fixture, filter);
                    foreach (ApiObject each in list.Items)
                        seen[each.Name] = Show(each);
                    watch = await Open(fixture, list.Revision, filter);
                }

                await Write(fixture, writes[i]);
            }

            // The end of the churn.
            await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"zz-end","labels":{"x":"0"}}}""");
            long last = 0;
            await foreach (WatchEvent each in watch!.ReadAsync(new CancellationTokenSource(Patience).Token))
            {
                Assert.True(each.Revision > last, "the watch went back");
                last = each.Revision;
                Assert.Equal(each.Type != WatchEventType.Added, seen.ContainsKey(each.Object!.Name));
                if (each.Type == WatchEventType.Deleted)
                    seen.Remove(each.Object.Name);
                else
                    seen[each.Object.Name] = Show(each.Object);
                if (each.Object.Name == "zz-end")
                    break;
            }

            Assert.Equal((await List(fixture, filter)).Items.Select(Show), seen.Values);
        }, iter: 150);
    }

    private static async Task Write(ApiFixture fixture, (int Name, int Act, int Label) write)
    {
        string name = $"c{write.Name}", body = $$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{"x":"{{{{write.Label}}}}"}}}""";
        try
        {
            if (write.Act == 0)
                await fixture.DeleteAsync("ConfigMap", name);
            else if (write.Act == 1)
                await fixture.CreateAsync("ConfigMap", body);
            else
                await fixture.PatchAsync("ConfigMap", name, PatchForm.Merge, body);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
        }
    }

    private static string Show(ApiObject each) => each.Document.ToJsonString();

    private static async Task<ObjectList> List(ApiFixture fixture, ObjectFilter? filter = null, int limit = 0, string token = "") =>
        await fixture.Api.ListAsync(fixture.Kind("ConfigMap"), "default", new ListOptions(filter ?? ObjectFilter.Everything, limit, token));

    private static async Task<ObjectList> ListAt(ApiFixture fixture, string revision, string match) =>
        await fixture.Api.ListAsync(fixture.Kind("ConfigMap"), "default", new ListOptions(ObjectFilter.Everything, 0, "", revision, match));

    private static async Task<ResourceWatch> Open(ApiFixture fixture, long revision, ObjectFilter? filter = null) =>
        await fixture.Api.WatchAsync(fixture.Kind("ConfigMap"), "default", new WatchOptions(filter ?? ObjectFilter.Everything, revision.ToString(CultureInfo.InvariantCulture)));

    private static async Task<List<WatchEvent>> Take(ResourceWatch watch, int count)
    {
        var events = new List<WatchEvent>();
        using var patience = new CancellationTokenSource(Patience);
        await foreach (WatchEvent each in watch.ReadAsync(patience.Token))
        {
            events.Add(each);
            if (events.Count == count)
                break;
        }

        return events;
    }

    /// <summary>A store that remembers its last watch.</summary>
    private sealed class WaiterStore : IObjectStore
    {
        private readonly MemoryObjectStore _store = new();

        public WaiterWatch? Watch { get; private set; }

        public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default) => _store.RangeAsync(request, cancel);

        public ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default) => _store.CommitAsync(transaction, cancel);

        public ValueTask CompactAsync(long revision, CancellationToken cancel = default) => _store.CompactAsync(revision, cancel);

        IStoreWatch IObjectSource.Watch(KeyRange keys, long startRevision) => Watch = new WaiterWatch(_store.Watch(keys, startRevision));
    }

    private sealed class WaiterWatch(IStoreWatch watch) : IStoreWatch
    {
        public CancellationToken Cancel { get; private set; }

        public bool IsDisposed { get; private set; }

        public long Revision => watch.Revision;

        public ValueTask<StoreChanges> NextAsync(CancellationToken cancel = default)
        {
            Cancel = cancel;
            return watch.NextAsync(cancel);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return watch.DisposeAsync();
        }
    }
}
