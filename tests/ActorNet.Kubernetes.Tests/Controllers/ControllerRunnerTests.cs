using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tests.Api;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>How a step's writes are carried out: the sizes are slowStartBatch's (kubernetes pkg/controller/replicaset/replica_set.go), up to 64.</summary>
public sealed class ControllerRunnerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Independent_writes_go_side_by_side_first_one_and_then_twice_as_many_each_time()
    {
        var log = new Log(1, 1, 2, 4, 8, 16, 32, 64, 64, 9, 1);
        await RunAsync([new Note(log, "first"), .. Enumerable.Range(0, 200).Select(i => new Note(log, $"{i}") { IsIndependent = true }), new Note(log, "last")]);
        log.AssertBatches();
        Assert.Equal(["first", .. Enumerable.Range(0, 200).Select(i => $"{i}"), "last"], log.Begun);
    }

    [Fact]
    public async Task Writes_that_build_on_each_other_go_one_after_the_other()
    {
        var log = new Log(1, 1, 1, 1, 1);
        await RunAsync([.. Enumerable.Range(0, 5).Select(i => new Note(log, $"{i}"))]);
        log.AssertBatches();
    }

    [Fact]
    public async Task Behind_a_refusal_nothing_more_is_begun_and_the_key_comes_again()
    {
        var log = new Log(1, 2, 4);
        ControllerRunner runner = await RunAsync([.. Enumerable.Range(0, 20).Select(i => new Note(log, $"{i}") { IsIndependent = true, IsRefused = i == 4 })]);
        log.AssertBatches();
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], log.Begun);
        Assert.Equal((6, 1), (runner.Status.Writes, runner.Status.Failures));
        Assert.NotNull(runner.Queue.NextDue);
    }

    private static async Task<ControllerRunner> RunAsync(Note[] writes)
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        var runner = new ControllerRunner(new Writer(writes), new InProcessClient(fixture.Api, "test"), [], fixture.Time);
        runner.Queue.Add("key");
        Assert.True(await runner.ProcessNextAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken));
        return runner;
    }

    /// <summary>Writes end when as many are open as a batch is to have; none may begin before those of the batches before have ended.</summary>
    private sealed class Log(params int[] batches)
    {
        private readonly Lock _lock = new();
        private List<TaskCompletionSource> _open = [];
        private int _batch, _before, _ended, _early;

        public List<string> Begun { get; } = [];

        public async Task WriteAsync(string name)
        {
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_lock)
            {
                Begun.Add(name);
                _early += _ended == _before ? 0 : 1;
                _open.Add(end);
                if (_batch < batches.Length && _open.Count == batches[_batch])
                    EndBatch();
            }

            await end.Task;
            Interlocked.Increment(ref _ended);
        }

        public void AssertBatches() => Assert.Equal((batches.Length, 0), (_batch, _early));

        private void EndBatch()
        {
            _before += batches[_batch++];
            foreach (TaskCompletionSource each in _open)
                each.SetResult();
            _open = [];
        }
    }

    private sealed record Note(Log Log, string Name) : ApiWrite
    {
        public bool IsRefused { get; init; }

        public override string Summary => Name;

        public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
        {
            await Log.WriteAsync(Name);
            return IsRefused ? throw ApiErrors.BadRequest(Name) : new WriteOutcome(null, 0, Name);
        }
    }

    private sealed class Writer(ApiWrite[] writes) : Controller
    {
        public override string Name => "writer";

        public override void Watch(WorkQueue queue)
        {
        }

        public override Step Reconcile(string key, DateTimeOffset now) => new(writes);
    }
}
