using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>The samples of all streams of a test, taken in one turn.</summary>
internal sealed record GroupSample(Instant At, IReadOnlyList<StreamSample> Streams);

/// <summary>The streams of a test, begun, paced, looked at and ended together in the owner's turns.</summary>
internal sealed class TestGroup(INamespaceExecutor executor, IReadOnlyList<TestStream> streams, TestParameters parameters)
{
    private readonly TaskCompletionSource _sentAll = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<TestStream> Streams => streams;

    /// <summary>Ends when the asked-for bytes or blocks are sent, or no stream is left that could carry any.</summary>
    public Task SentAll => _sentAll.Task;

    public Task<GroupSample> BeginAsync() => executor.RunAsync(sockets =>
    {
        GroupSample sample = Sample(sockets.Stack.Now);
        foreach (TestStream stream in streams)
            stream.Begin(this, sample.At);
        return sample;
    });

    public Task<GroupSample> SampleAsync(bool stop) => executor.RunAsync(sockets =>
    {
        if (stop)
        {
            foreach (TestStream stream in streams)
                stream.Stop();
        }

        return Sample(sockets.Stack.Now);
    });

    /// <summary>Looks at the rate again and again until cancelled; without a rate there is nothing to look at.</summary>
    public async Task PaceAsync(TimeProvider time, CancellationToken cancellation)
    {
        if (!streams.Any(stream => stream.IsSender) || (parameters.Rate == 0 && !parameters.IsUdp))
            return;
        using var timer = new PeriodicTimer(TimeSpan.FromMicroseconds(parameters.PacingTimer), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                await executor.RunAsync(sockets =>
                {
                    foreach (TestStream stream in streams)
                        stream.Pump(sockets.Stack.Now);
                    return true;
                }).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    public void Close() => executor.Post(_ =>
    {
        foreach (TestStream stream in streams)
            stream.Close();
    });

    /// <summary>Whether the test's count allows another block. In the owner's turn.</summary>
    public bool AllowsBlock()
    {
        if (parameters.Bytes == 0 && parameters.Blocks == 0)
            return true;
        long bytes = 0;
        long blocks = 0;
        foreach (TestStream stream in streams)
        {
            bytes += stream.Bytes;
            blocks += stream.Blocks;
        }

        bool allows = parameters.Bytes > 0 ? bytes < parameters.Bytes : blocks < parameters.Blocks;
        if (!allows)
            _sentAll.TrySetResult();
        return allows;
    }

    /// <summary>A stream broke. In the owner's turn.</summary>
    public void OnFailure()
    {
        if (streams.All(stream => stream.Failure != SocketResult.Ok))
            _sentAll.TrySetResult();
    }

    private GroupSample Sample(Instant now) => new(now, [.. streams.Select(stream => stream.Sample())]);
}
