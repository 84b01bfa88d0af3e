using System.Globalization;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Workloads.Programs;

/// <summary>
/// OpenBSD netcat as far as UDP goes: nc -u [-l] [-v] [-p PORT] [-s ADDRESS] [-w SECONDS] [-W COUNT] [HOST] [PORT]. Each line of standard input is
/// a datagram, newline included. A listener takes its first sender as its peer, as openbsd's connects to it.
/// </summary>
public sealed class NetcatProgram : IProgram
{
    private const string Usage = "usage: nc -u [-lv] [-p source_port] [-s sourceaddr] [-W recvlimit] [-w timeout] [destination] [port]\n";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        if (!NetcatOptions.TryParse(args, out NetcatOptions options, out string error))
        {
            await context.Stderr.WriteAsync(error + Usage).ConfigureAwait(false);
            return 1;
        }

        Ipv4Address host = Ipv4Address.Any;
        if (options.Host is not null && !context.TryResolve(options.Host, out host))
        {
            await context.Stderr.WriteAsync($"nc: getaddrinfo for host \"{options.Host}\" port {options.Port}: Temporary failure in name resolution\n").ConfigureAwait(false);
            return 1;
        }

        Ipv4Endpoint local = options.Listen ? new Ipv4Endpoint(host, options.Port) : new Ipv4Endpoint(options.SourceAddress, options.SourcePort);
        Ipv4Endpoint? remote = options.Listen ? null : new Ipv4Endpoint(host, options.Port);
        (SocketResult result, DatagramEndpoint? endpoint) = await DatagramEndpoint.OpenAsync(context.Namespace, local, remote).ConfigureAwait(false);
        if (endpoint is null)
        {
            string what = result is SocketResult.AddressInUse or SocketResult.AddressNotAvailable ? "" : $"connect to {options.Host} port {options.Port} (udp) failed: ";
            await context.Stderr.WriteAsync($"nc: {what}{result.Describe()}\n").ConfigureAwait(false);
            return 1;
        }

        await using (endpoint.ConfigureAwait(false))
        {
            if (options.Verbose)
                await context.Stderr.WriteAsync(options.Listen ? $"Bound on {local.Address} {local.Port}\n" : $"Connection to {host} {options.Port} port [udp/*] succeeded!\n").ConfigureAwait(false);
            return await new Session(context, options, endpoint, remote).RunAsync().ConfigureAwait(false);
        }
    }

    private sealed class Session(ProgramContext context, NetcatOptions options, DatagramEndpoint endpoint, Ipv4Endpoint? remote)
    {
        private readonly TaskCompletionSource<Ipv4Endpoint> _peer = Known(remote);
        private int _received;

        public async Task<int> RunAsync()
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
            Task sending = SendAsync(stop.Token);
            try
            {
                return await ReceiveAsync(sending, stop.Token).ConfigureAwait(false);
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        // Without -w it goes on until it is ended; -w counts from the last datagram, once standard input has ended.
        private async Task<int> ReceiveAsync(Task sending, CancellationToken stop)
        {
            while (true)
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(stop);
                Task<ReceivedDatagram> receive = endpoint.ReceiveAsync(idle.Token);
                if (options.Timeout is { } timeout && !await EndsWithinAsync(receive, sending, timeout, stop).ConfigureAwait(false))
                {
                    await idle.CancelAsync().ConfigureAwait(false);
                    await ((Task)receive).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    return 0;
                }

                ReceivedDatagram datagram = await receive.ConfigureAwait(false);
                if (datagram.Result == SocketResult.ConnectionRefused && options.Listen)
                    continue;
                if (datagram.Result != SocketResult.Ok)
                    return await FailAsync(datagram.Result).ConfigureAwait(false);
                if (!_peer.Task.IsCompleted)
                {
                    _peer.TrySetResult(datagram.Sender);
                    if (options.Verbose)
                        await context.Stderr.WriteAsync($"Connection received on {datagram.Sender.Address} {datagram.Sender.Port}\n").ConfigureAwait(false);
                }
                else if (options.Listen && datagram.Sender != await _peer.Task.ConfigureAwait(false))
                {
                    continue;
                }

                await context.Stdout.WriteAsync(Encoding.UTF8.GetString(datagram.Data)).ConfigureAwait(false);
                await context.Stdout.FlushAsync(stop).ConfigureAwait(false);
                if (++_received == options.ReceiveLimit)
                    return 0;
            }
        }

        private async Task<bool> EndsWithinAsync(Task receive, Task sending, TimeSpan timeout, CancellationToken stop)
        {
            await Task.WhenAny(receive, sending).ConfigureAwait(false);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            bool received = await Task.WhenAny(receive, Task.Delay(timeout, context.Time, over.Token)).ConfigureAwait(false) == receive;
            await over.CancelAsync().ConfigureAwait(false);
            return received;
        }

        private async Task<int> FailAsync(SocketResult result)
        {
            // openbsd's readwrite ends at once on a read error of the network side and says nothing.
            if (options.Verbose)
                await context.Stderr.WriteAsync($"nc: read: {result.Describe()}\n").ConfigureAwait(false);
            return 1;
        }

        private async Task SendAsync(CancellationToken stop)
        {
            while (await context.Stdin.ReadLineAsync(stop).ConfigureAwait(false) is { } line)
            {
                Ipv4Endpoint peer = await _peer.Task.WaitAsync(stop).ConfigureAwait(false);
                await endpoint.SendToAsync(Encoding.UTF8.GetBytes(line + "\n"), peer).ConfigureAwait(false);
            }
        }

        private static TaskCompletionSource<Ipv4Endpoint> Known(Ipv4Endpoint? remote)
        {
            var peer = new TaskCompletionSource<Ipv4Endpoint>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (remote is { } known)
                peer.SetResult(known);
            return peer;
        }
    }
}

/// <summary>The options of <see cref="NetcatProgram"/>.</summary>
internal sealed class NetcatOptions
{
    public bool Listen { get; private set; }

    public bool Verbose { get; private set; }

    public bool Udp { get; private set; }

    public string? Host { get; private set; }

    public ushort Port { get; private set; }

    public ushort SourcePort { get; private set; }

    public Ipv4Address SourceAddress { get; private set; }

    public TimeSpan? Timeout { get; private set; }

    public int ReceiveLimit { get; private set; }

    public static bool TryParse(IReadOnlyList<string> args, out NetcatOptions options, out string error)
    {
        options = new NetcatOptions();
        error = "";
        var words = new List<string>();
        for (int i = 0; i < args.Count && error.Length == 0; i++)
        {
            if (args[i].Length < 2 || args[i][0] != '-')
                words.Add(args[i]);
            else
                options.TakeCluster(args, ref i, out error);
        }

        if (error.Length == 0)
            options.TakeWords(words, out error);
        return error.Length == 0;
    }

    private void TakeCluster(IReadOnlyList<string> args, ref int at, out string error)
    {
        error = "";
        string cluster = args[at];
        for (int i = 1; i < cluster.Length; i++)
        {
            char option = cluster[i];
            if ("psWw".Contains(option, StringComparison.Ordinal))
            {
                string? value = i + 1 < cluster.Length ? cluster[(i + 1)..] : ++at < args.Count ? args[at] : null;
                error = value is null ? $"nc: option requires an argument -- '{option}'\n" : TakeValue(option, value);
                return;
            }

            switch (option)
            {
                case 'u': Udp = true; break;
                case 'l': Listen = true; break;
                case 'v': Verbose = true; break;
                case 'n' or '4' or 'k' or 'N': break;
                default:
                    error = $"nc: invalid option -- '{option}'\n";
                    return;
            }
        }
    }

    private string TakeValue(char option, string value)
    {
        switch (option)
        {
            case 'p' when TryPort(value, out ushort port):
                SourcePort = port;
                return "";
            case 's' when Ipv4Address.TryParse(value, out Ipv4Address address):
                SourceAddress = address;
                return "";
            case 'w' when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds):
                Timeout = TimeSpan.FromSeconds(seconds);
                return "";
            case 'W' when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0:
                ReceiveLimit = count;
                return "";
            case 'w':
                return $"nc: timeout invalid: {value}\n";
            case 'W':
                return $"nc: receive limit invalid: {value}\n";
            default:
                return option == 'p' ? $"nc: port number invalid: {value}\n" : $"nc: address invalid: {value}\n";
        }
    }

    private void TakeWords(List<string> words, out string error)
    {
        // nc -l PORT, nc -l HOST PORT, nc -l -p PORT, nc HOST PORT.
        error = "";
        string? port = words.Count > 0 ? words[^1] : null;
        if (Listen && words.Count == 0 && SourcePort != 0)
            Port = SourcePort;
        else if (port is null || words.Count > 2 || (!Listen && words.Count != 2))
            error = "nc: missing hostname and port\n";
        else if (TryPort(port, out ushort number))
            Port = number;
        else
            error = $"nc: port number invalid: {port}\n";
        Host = words.Count == 2 ? words[0] : null;
        if (error.Length == 0 && !Udp)
            error = "nc: TCP is not built in yet; use -u\n";
    }

    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
}
