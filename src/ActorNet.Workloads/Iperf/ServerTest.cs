using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Iperf;

/// <summary>One test at the server, from the client's cookie to its good-bye.</summary>
internal sealed class ServerTest(ProgramContext context, IperfOptions options, ServerDoor door, ITestReport report)
{
    // For each step of the client before data flows.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationToken _cancellation = context.Cancellation;

    public async Task RunAsync(IncomingConnection incoming)
    {
        string cookie = await incoming.Identified.ConfigureAwait(false) ?? "";
        (TcpDuplexPipe connection, int mss) = await context.Namespace.RunAsync(
            _ => (TcpDuplexPipe.Attach(context.Namespace, incoming.Socket), incoming.Socket.Info.SendMss)).ConfigureAwait(false);
        var control = new ControlChannel(connection);
        await using (control.ConfigureAwait(false))
        {
            try
            {
                await RunAsync(control, cookie, mss).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
                await control.SendStateAsync(ControlState.ServerTerminate, CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }
    }

    private async Task RunAsync(ControlChannel control, string cookie, int mss)
    {
        Ipv4Endpoint client = control.Connection.Remote;
        TestParameters test = await WithinPatienceAsync("its parameters", token => AgreeAsync(control, token)).ConfigureAwait(false);
        await report.ConnectedAsync(client.Address.ToString(), client, test.Reverse).ConfigureAwait(false);
        IReadOnlyList<TestStream> streams = await WithinPatienceAsync("its streams", token => AcceptStreamsAsync(control, test, token)).ConfigureAwait(false);
        var group = new TestGroup(context.Namespace, streams, test);
        try
        {
            (int, int) buffers = await context.Namespace.RunAsync(_ => streams[0].Buffers).ConfigureAwait(false);
            var start = new TestStart(true, client, client.Address.ToString(), cookie, mss, context.Time.GetUtcNow(), test, streams) { Buffers = buffers };
            await report.StartAsync(start).ConfigureAwait(false);
            Measurement measurement = await MeasureAsync(control, group, test).ConfigureAwait(false);
            group.Close();
            await WithinPatienceAsync("its results", token => ExchangeAsync(control, start, measurement, token)).ConfigureAwait(false);
            await report.EndAsync(TestEnd.Join(start, measurement, null)).ConfigureAwait(false);
        }
        finally
        {
            group.Close();
        }
    }

    private static async Task<TestParameters> AgreeAsync(ControlChannel control, CancellationToken cancellation)
    {
        await control.SendStateAsync(ControlState.ParamExchange, cancellation).ConfigureAwait(false);
        var test = TestParameters.Parse(await control.ReadJsonAsync("parameters", cancellation).ConfigureAwait(false), out string? missing);
        if (missing is null)
            return test;
        await control.SendErrorAsync(TestParameters.NotImplementedError, cancellation).ConfigureAwait(false);
        throw new IperfException($"the client asks for --{missing}, which is not built in");
    }

    private async Task<IReadOnlyList<TestStream>> AcceptStreamsAsync(ControlChannel control, TestParameters test, CancellationToken cancellation)
    {
        if (!test.IsUdp)
        {
            await control.SendStateAsync(ControlState.CreateStreams, cancellation).ConfigureAwait(false);
            return await AcceptTcpAsync(test, cancellation).ConfigureAwait(false);
        }

        (UdpStreamListener listener, SocketResult result) = await context.Namespace.RunAsync(sockets =>
        {
            var made = new UdpStreamListener(sockets, options, test);
            return (made, made.Open());
        }).ConfigureAwait(false);
        try
        {
            if (result != SocketResult.Ok)
                throw new IperfException($"unable to listen for streams on UDP port {options.Port}: {result.Describe()}");
            await control.SendStateAsync(ControlState.CreateStreams, cancellation).ConfigureAwait(false);
            return await listener.All.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            context.Namespace.Post(_ => listener.Close());
        }
    }

    private async Task<IReadOnlyList<TestStream>> AcceptTcpAsync(TestParameters test, CancellationToken cancellation)
    {
        var streams = new List<TestStream>();
        try
        {
            while (streams.Count < test.Streams)
            {
                IncomingConnection incoming = await door.NextStreamAsync(cancellation).ConfigureAwait(false);
                streams.Add(await context.Namespace.RunAsync(sockets =>
                {
                    incoming.Socket.Options = StreamOptions.Data(options, test);
                    return new TcpTestStream(incoming.Socket, sockets, isSender: test.Reverse, test);
                }).ConfigureAwait(false));
            }

            return streams;
        }
        catch
        {
            context.Namespace.Post(_ => streams.ForEach(stream => stream.Close()));
            throw;
        }
    }

    private async Task<Measurement> MeasureAsync(ControlChannel control, TestGroup group, TestParameters test)
    {
        await control.SendStateAsync(ControlState.TestStart, _cancellation).ConfigureAwait(false);
        await control.SendStateAsync(ControlState.TestRunning, _cancellation).ConfigureAwait(false);
        var measurement = new Measurement(group, test, options.ReportInterval, context.Time, report.IntervalAsync);
        Task<ControlState?> next = control.ReadStateAsync(_cancellation);
        await measurement.RunAsync(next, bounded: false).ConfigureAwait(false);
        return await next.ConfigureAwait(false) switch
        {
            ControlState.TestEnd => measurement,
            ControlState.ClientTerminate => throw new IperfException("the client has terminated"),
            null => throw new IperfException("the client has unexpectedly closed the connection"),
            var other => throw new IperfException($"received an unknown control message: state {(int)other} was not expected now"),
        };
    }

    private static async Task<bool> ExchangeAsync(ControlChannel control, TestStart start, Measurement measurement, CancellationToken cancellation)
    {
        await control.SendStateAsync(ControlState.ExchangeResults, cancellation).ConfigureAwait(false);
        await control.ReadJsonAsync("results", cancellation).ConfigureAwait(false);
        bool knows = start.IsSender && !start.Parameters.IsUdp;
        await control.SendJsonAsync(TestEnd.ToPeer(start, measurement).ToJson(knows), cancellation).ConfigureAwait(false);
        await control.SendStateAsync(ControlState.DisplayResults, cancellation).ConfigureAwait(false);
        // IPERF_DONE, or the end of a client that says nothing more.
        await control.ReadStateAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    private async Task<T> WithinPatienceAsync<T>(string what, Func<CancellationToken, Task<T>> step)
    {
        using var patience = new CancellationTokenSource(Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _cancellation);
        try
        {
            return await step(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !_cancellation.IsCancellationRequested)
        {
            throw new IperfException($"the client did not send {what} within {Patience.TotalSeconds} s");
        }
    }
}
