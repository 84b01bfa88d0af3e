using System.Globalization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>Watches that share what is read and made of a change, judged by what each alone must see.</summary>
public sealed class SharedWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Watches_that_tell_the_same_change_share_its_object_and_what_is_made_of_it()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        await using WatchReader one = await OpenAsync(fixture, made.Revision), other = await OpenAsync(fixture, made.Revision);
        Task<WatchEvent>[] waiting = [NextAsync(one), NextAsync(other)];
        await fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, """{"data":{"k":"v"}}""");
        WatchEvent[] told = await Task.WhenAll(waiting).WaitAsync(Patience);
        Assert.Same(told[0].Object, told[1].Object);
        int times = 0;
        ReadOnlyMemory<byte> first = told[0].Bytes!.Get("form", 0, (_, _) => new byte[] { (byte)++times }), second = told[1].Bytes!.Get("form", 0, (_, _) => new byte[] { (byte)++times });
        Assert.Equal((1, first), (times, second));
        Assert.Equal(2, told[1].Bytes!.Get("another form", 0, (_, _) => new byte[] { (byte)++times }).Span[0]);
    }

    [Fact]
    public async Task What_concerns_others_only_does_not_make_a_quiet_watch_too_old()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"quiet"}}""");
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"busy"}}""");
        await using WatchReader quiet = await OpenAsync(fixture, made.Revision, new ObjectFilter(LabelSelector.Everything, FieldSelector.Parse("metadata.name=quiet")));
        await using WatchReader all = await OpenAsync(fixture, made.Revision);
        Task<WatchEvent> told = NextAsync(quiet);
        long last = 0;
        for (int i = 0; i < 2 * KindChanges.MostChanges; i++)
        {
            last = (await fixture.PatchAsync("ConfigMap", "busy", PatchForm.Merge, $$$"""{"data":{"k":"{{{i}}}"}}""")).Revision;
            // The one that sees all has seen it: so has whoever reads the store for both.
            while ((await NextAsync(all)).Revision < last)
            {
            }
        }

        await fixture.Store.CompactAsync(last);
        await fixture.PatchAsync("ConfigMap", "quiet", PatchForm.Merge, """{"data":{"k":"v"}}""");
        Assert.Equal("quiet", (await told.WaitAsync(Patience)).Object!.Name);
    }

    [Fact]
    public async Task A_reader_that_falls_behind_goes_on_from_the_store_and_is_too_old_only_when_that_has_forgotten()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        await using WatchReader slow = await OpenAsync(fixture, made.Revision), slower = await OpenAsync(fixture, made.Revision);
        Task<WatchEvent>[] first = [NextAsync(slow), NextAsync(slower)];
        const int Writes = 3 * KindChanges.MostChanges;
        for (int i = 0; i < Writes; i++)
            await fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, $$$"""{"data":{"k":"{{{i}}}"}}""");
        List<long> seen = [(await first[0].WaitAsync(Patience)).Revision];
        while (seen.Count < Writes)
            seen.Add((await NextAsync(slow)).Revision);
        Assert.Equal(Enumerable.Range(1, Writes).Select(i => made.Revision + i), seen);

        await first[1].WaitAsync(Patience);
        await fixture.Store.CompactAsync(made.Revision + Writes);
        ApiException old = await ApiFixture.FailsAsync(async () =>
        {
            while (true)
                await NextAsync(slower);
        });
        Assert.Equal((410, "Expired"), (old.Code, old.Reason));
    }

    [Fact]
    public async Task A_long_list_at_the_beginning_is_read_in_pages_at_one_revision()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        const int Objects = 2 * InitialObjects.PageSize + 7;
        for (int i = 0; i < Objects; i++)
            await fixture.CreateAsync("ConfigMap", $$$"""{"metadata":{"name":"c{{{i:d4}}}"}}""");
        ResourceWatch watch = await fixture.Api.WatchAsync(fixture.Kind("ConfigMap"), "default", new WatchOptions(ObjectFilter.Everything, Bookmarks: true, InitialEvents: true, Match: "NotOlderThan"));
        await fixture.DeleteAsync("ConfigMap", "c1000");
        await using WatchReader reader = watch.Open(new CancellationTokenSource(Patience).Token);
        var names = new List<string>();
        WatchEvent told;
        while ((told = await NextAsync(reader)).Type == WatchEventType.Added)
            names.Add(told.Object!.Name);
        Assert.Equal(Enumerable.Range(0, Objects).Select(i => $"c{i:d4}"), names);
        Assert.True(told.EndsInitialEvents);
        Assert.Equal((WatchEventType.Deleted, "c1000"), await NextAsync(reader) is var gone ? (gone.Type, gone.Object!.Name) : default);
    }

    [Fact]
    public async Task A_quiet_watch_says_every_minute_how_far_it_has_come()
    {
        var time = new SteppedTime();
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        var api = new KubernetesApi(fixture.Store, fixture.Api.Kinds, time, new SeededIdentities(1));
        var options = new WatchOptions(ObjectFilter.Everything, Text(made.Revision), Bookmarks: true);
        await using WatchReader reader = (await api.WatchAsync(fixture.Kind("ConfigMap"), "default", options)).Open(new CancellationTokenSource(Patience).Token);
        ApiObject other = await fixture.CreateAsync("Secret", """{"metadata":{"name":"a"}}""");
        int bookmarks = 0;
        for (long last = 0; last < other.Revision || bookmarks < 3; bookmarks++)
        {
            Task<WatchEvent> next = NextAsync(reader);
            while (await Task.WhenAny(next, Task.Delay(1)) != next)
                time.Advance(ResourceWatch.BookmarkInterval / 2);
            WatchEvent told = await next;
            Assert.Equal((WatchEventType.Bookmark, true), (told.Type, told.Revision >= last));
            last = told.Revision;
        }

        Assert.InRange(time.Passed, ResourceWatch.BookmarkInterval * bookmarks, TimeSpan.MaxValue);
    }

    /// <summary>Several watches at once, opened at any time, with any filter: each rebuilds what a list with its filter shows.</summary>
    [Fact]
    public async Task Watches_under_churn_each_rebuild_their_list()
    {
        Gen<(int Name, int Act, int Label)> write = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 2]);
        await Gen.Select(write.Array[5, 60], Gen.Int[0, 60].Array[1, 6], Gen.Int[0, 3]).SampleAsync(async (writes, opened, selector) =>
        {
            ApiFixture fixture = await ApiFixture.NewAsync();
            var watches = new List<Task<(SortedDictionary<string, string> Seen, ObjectFilter Filter)>>();
            for (int i = 0; i < writes.Length; i++)
            {
                foreach ((int at, int number) in opened.Select((at, number) => (at % writes.Length, number)).Where(each => each.Item1 == i))
                    watches.Add(await RebuildAsync(fixture, FilterOf(number % 2 == 0 ? selector : 0)));
                await WriteAsync(fixture, writes[i]);
            }

            await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"zz-end","labels":{"x":"0"}}}""");
            foreach ((SortedDictionary<string, string> seen, ObjectFilter filter) in await Task.WhenAll(watches).WaitAsync(Patience))
            {
                ObjectList list = await fixture.Api.ListAsync(fixture.Kind("ConfigMap"), "default", new ListOptions(filter));
                Assert.Equal(list.Items.Select(each => each.Document.ToJsonString()), seen.Values);
            }
        }, iter: 100);
    }

    private static ObjectFilter FilterOf(int selector) => selector switch
    {
        0 => ObjectFilter.Everything,
        1 => new ObjectFilter(LabelSelector.Parse("x in (0,1)"), FieldSelector.Everything),
        2 => new ObjectFilter(LabelSelector.Parse("x=0"), FieldSelector.Everything),
        _ => new ObjectFilter(LabelSelector.Everything, FieldSelector.Parse("metadata.name!=c1")),
    };

    // The list now, the watch later: the inner task is the watch.
    private static async Task<Task<(SortedDictionary<string, string> Seen, ObjectFilter Filter)>> RebuildAsync(ApiFixture fixture, ObjectFilter filter)
    {
        ObjectList list = await fixture.Api.ListAsync(fixture.Kind("ConfigMap"), "default", new ListOptions(filter));
        var seen = new SortedDictionary<string, string>(list.Items.ToDictionary(each => each.Name, each => each.Document.ToJsonString()), StringComparer.Ordinal);
        return Task.Run(async () =>
        {
            await using WatchReader reader = await OpenAsync(fixture, list.Revision, filter);
            long last = list.Revision;
            while (true)
            {
                WatchEvent told = await NextAsync(reader);
                Assert.True(told.Revision > last, "the watch went back");
                last = told.Revision;
                Assert.Equal(told.Type != WatchEventType.Added, seen.ContainsKey(told.Object!.Name));
                if (told.Type == WatchEventType.Deleted)
                    seen.Remove(told.Object.Name);
                else
                    seen[told.Object.Name] = told.Object.Document.ToJsonString();
                if (told.Object.Name == "zz-end")
                    return (seen, filter);
            }
        });
    }

    private static async Task WriteAsync(ApiFixture fixture, (int Name, int Act, int Label) write)
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

    private static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private static async Task<WatchReader> OpenAsync(ApiFixture fixture, long revision, ObjectFilter? filter = null) =>
        (await fixture.Api.WatchAsync(fixture.Kind("ConfigMap"), "default", new WatchOptions(filter ?? ObjectFilter.Everything, Text(revision)))).Open(new CancellationTokenSource(Patience).Token);

    private static async Task<WatchEvent> NextAsync(WatchReader reader)
    {
        WatchEvent? told;
        while (!reader.TryRead(out told))
            Assert.True(await reader.WaitAsync(), "the watch ended");
        return told;
    }

    /// <summary>A clock that moves when it is told, and its timers with it.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private readonly List<SteppedTimer> _timers = [];
        private long _now;

        public TimeSpan Passed => TimeSpan.FromTicks(Volatile.Read(ref _now));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new SteppedTimer(this, () => callback(state));
            timer.Change(dueTime, period);
            lock (_timers)
                _timers.Add(timer);
            return timer;
        }

        public void Advance(TimeSpan by)
        {
            Interlocked.Add(ref _now, by.Ticks);
            SteppedTimer[] timers;
            lock (_timers)
                timers = [.. _timers];
            foreach (SteppedTimer timer in timers)
                timer.FireIfDue();
        }

        private sealed class SteppedTimer(SteppedTime time, Action fire) : ITimer
        {
            private long _due = long.MaxValue;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                Volatile.Write(ref _due, dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.GetTimestamp() + dueTime.Ticks);
                return true;
            }

            public void FireIfDue()
            {
                long due = Volatile.Read(ref _due);
                if (time.GetTimestamp() >= due && Interlocked.CompareExchange(ref _due, long.MaxValue, due) == due)
                    fire();
            }

            public void Dispose() => Volatile.Write(ref _due, long.MaxValue);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
