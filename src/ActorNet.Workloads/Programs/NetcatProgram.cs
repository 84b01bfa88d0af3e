using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Workloads.Programs;

/// <summary>
/// OpenBSD netcat as far as UDP goes: nc -u [-l] [-v] [-p PORT] [-s ADDRESS] [-w SECONDS] [-W COUNT] [HOST] [PORT]. Each line of standard input is
/// a datagram, newline included. A listener takes its first sender as its peer, as openbsd's connects to it. Unlike the tool, -v sends no
/// probe datagrams ("X") of its own.
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
            await context.Stderr.WriteAsync(error.StartsWith("nc: invalid option", StringComparison.Ordinal) ? error + Usage : error).ConfigureAwait(false);
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
            // A failed connect is told only with -v.
            bool bind = result is SocketResult.AddressInUse or SocketResult.AddressNotAvailable;
            if (bind)
                await context.Stderr.WriteAsync($"nc: {result.Describe()}\n").ConfigureAwait(false);
            else if (options.Verbose)
                await context.Stderr.WriteAsync($"nc: connect to {options.Host} port {options.Port} (udp) failed: {result.Describe()}\n").ConfigureAwait(false);
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
                // A read error of the network side, as a refused port, ends it silently and without an error.
                if (datagram.Result != SocketResult.Ok)
                    return 0;
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
