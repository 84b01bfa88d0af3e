using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Iperf;

/// <summary>The client: connects, does what the server's state bytes say, ends the test when its time is over (esnet/iperf src/iperf_client_api.c).</summary>
internal sealed class IperfClient(ProgramContext context, IperfOptions options)
{
    // iperf waits that long for a UDP stream's answer (src/iperf_udp.c UDP_CONNECT_REPLY).
    private static readonly TimeSpan StreamPatience = TimeSpan.FromSeconds(30);

    private readonly ITestReport _report = IperfProgram.CreateReport(context, options);
    private readonly string _cookie = Cookie.Create();
    private TestParameters _test = options.Test;
    private Ipv4Endpoint _server;
    private int _controlMss;
    private TestStart? _start;
    private TestGroup? _group;
    private Measurement? _measurement;
    private PeerResults? _peer;

    public async Task<int> RunAsync()
    {
        string? error = null;
        try
        {
            ControlChannel control = await ConnectAsync().ConfigureAwait(false);
            await using (control.ConfigureAwait(false))
                await RunTestAsync(control).ConfigureAwait(false);
        }
        catch (IperfException e)
        {
            error = e.Message;
        }
        finally
        {
            _group?.Close();
        }

        await _report.FinishAsync(error).ConfigureAwait(false);
        return error is null ? 0 : 1;
    }

    private async Task<ControlChannel> ConnectAsync()
    {
        const string failed = "unable to connect to server";
        Lookup found = await context.LookUpAsync(options.Host!).ConfigureAwait(false);
        if (found.Outcome != LookupOutcome.Found)
            throw new IperfException($"{failed}: {options.Host}: Name or service not known");
        _server = new Ipv4Endpoint(found.Address, options.Port);
        using var patience = new CancellationTokenSource(options.ConnectTimeout ?? Timeout.InfiniteTimeSpan, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.Cancellation);
        try
        {
            (SocketResult result, Tuple<TcpSocket, TcpDuplexPipe>? opened) = await TcpConnector.ConnectAsync(
                context.Namespace, _server, (_, socket) => Tuple.Create(socket, TcpDuplexPipe.Attach(context.Namespace, socket)),
                StreamOptions.Control(options), new Ipv4Endpoint(options.Bind, 0), either.Token).ConfigureAwait(false);
            if (opened is null)
                throw new IperfException($"{failed}: {result.Describe()}");
            _controlMss = await context.Namespace.RunAsync(_ => opened.Item1.Info.SendMss).ConfigureAwait(false);
            return new ControlChannel(opened.Item2);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !context.Cancellation.IsCancellationRequested)
        {
            throw new IperfException($"{failed}: Connection timed out");
        }
    }

    private async Task RunTestAsync(ControlChannel control)
    {
        // A datagram that fits the path whole, as iperf3 takes it from the control connection.
        if (_test.BlockSize == 0)
            _test = _test with { BlockSize = _controlMss };
        await _report.ConnectedAsync(options.Host!, _server, _test.Reverse).ConfigureAwait(false);
        await control.SendCookieAsync(_cookie, context.Cancellation).ConfigureAwait(false);
        try
        {
            while (await control.ReadStateAsync(context.Cancellation).ConfigureAwait(false) is var state && state != ControlState.DisplayResults)
                await FollowAsync(control, state).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            await control.SendStateAsync(ControlState.ClientTerminate, CancellationToken.None).ConfigureAwait(false);
            throw new IperfException(IperfException.Interrupt + "the client has terminated");
        }

        if (_start is null || _measurement is null)
            throw new IperfException("the server wants results shown before a test has run");
        await _report.EndAsync(TestEnd.Join(_start, _measurement, _peer)).ConfigureAwait(false);
        await control.SendStateAsync(ControlState.IperfDone, context.Cancellation).ConfigureAwait(false);
    }

    private async Task FollowAsync(ControlChannel control, ControlState? state)
    {
        switch (state)
        {
            case ControlState.ParamExchange:
                await control.SendJsonAsync(_test.ToJson(), context.Cancellation).ConfigureAwait(false);
                return;
            case ControlState.CreateStreams when _group is null:
                await OpenStreamsAsync().ConfigureAwait(false);
                return;
            case ControlState.TestStart when _start is not null:
                await _report.StartAsync(_start).ConfigureAwait(false);
                return;
            case ControlState.TestRunning when _group is not null && _measurement is null:
                await MeasureAsync(control).ConfigureAwait(false);
                return;
            case ControlState.ExchangeResults when _measurement is not null:
                bool knows = _start!.IsSender && !_test.IsUdp;
                await control.SendJsonAsync(TestEnd.ToPeer(_start, _measurement).ToJson(knows), context.Cancellation).ConfigureAwait(false);
                _peer = PeerResults.Parse(await control.ReadJsonAsync("results", context.Cancellation).ConfigureAwait(false));
                return;
            case ControlState.AccessDenied:
                throw new IperfException("the server is busy running a test. try again later");
            case ControlState.ServerError:
                (int number, int errno) = await control.ReadErrorAsync(context.Cancellation).ConfigureAwait(false);
                throw new IperfException($"the server refused the test: iperf error {number}{(number == TestParameters.NotImplementedError ? ", an option is not implemented there" : "")}, errno {errno}");
            case ControlState.ServerTerminate:
                throw new IperfException("the server has terminated");
            case null:
                throw new IperfException("control socket has closed unexpectedly");
            default:
                throw new IperfException($"received an unknown control message: state {(int)state} was not expected now");
        }
    }

    private async Task OpenStreamsAsync()
    {
        var streams = new List<TestStream>();
        try
        {
            for (int i = 0; i < _test.Streams; i++)
            {
                var local = new Ipv4Endpoint(options.Bind, options.ClientPort == 0 ? (ushort)0 : (ushort)(options.ClientPort + i));
                streams.Add(_test.IsUdp ? await OpenUdpAsync(local).ConfigureAwait(false) : await OpenTcpAsync(local).ConfigureAwait(false));
            }
        }
        finally
        {
            _group = new TestGroup(context.Namespace, streams, _test);
        }

        (int, int) buffers = await context.Namespace.RunAsync(_ => streams[0].Buffers).ConfigureAwait(false);
        _start = new TestStart(false, _server, options.Host!, _cookie, _controlMss, context.Time.GetUtcNow(), _test, streams) { Buffers = buffers };
    }

    private async Task<TestStream> OpenTcpAsync(Ipv4Endpoint local)
    {
        byte[] cookie = Cookie.ToBytes(_cookie);
        (SocketResult result, TcpTestStream? stream) = await TcpConnector.ConnectAsync(
            context.Namespace, _server,
            (sockets, socket) =>
            {
                // A fresh send buffer takes 37 bytes.
                socket.Send(cookie, out _);
                return new TcpTestStream(socket, sockets, isSender: !_test.Reverse, _test);
            },
            StreamOptions.Data(options, _test), local, context.Cancellation).ConfigureAwait(false);
        return stream ?? throw new IperfException($"unable to connect stream to {_server}: {result.Describe()}");
    }

    private async Task<TestStream> OpenUdpAsync(Ipv4Endpoint local)
    {
        using var patience = new CancellationTokenSource(StreamPatience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.Cancellation);
        try
        {
            return await UdpStreamOpening.ConnectAsync(context.Namespace, options, _test, local, _server, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !context.Cancellation.IsCancellationRequested)
        {
            throw new IperfException($"unable to read from stream socket: {_server} did not answer the first datagram within {StreamPatience.TotalSeconds} s");
        }
    }

    private async Task MeasureAsync(ControlChannel control)
    {
        _measurement = new Measurement(_group!, _test, options.ReportInterval, context.Time, _report.IntervalAsync);
        // Until the time is over the server has nothing to say; what it says all the same ends the test.
        using var ended = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, context.Cancellation);
        Task interrupted = control.WaitForInputAsync(either.Token);
        await _measurement.RunAsync(interrupted, bounded: true).ConfigureAwait(false);
        context.Cancellation.ThrowIfCancellationRequested();
        bool spoke = interrupted.IsCompletedSuccessfully;
        await ended.CancelAsync().ConfigureAwait(false);
        await interrupted.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (spoke)
            return;
        if (_group!.Streams.All(stream => stream.Failure != SocketResult.Ok))
            throw new IperfException($"unable to write to stream socket: {_group.Streams[0].Failure.Describe()}");
        await control.SendStateAsync(ControlState.TestEnd, context.Cancellation).ConfigureAwait(false);
    }
}
