using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Iperf;

/// <summary>The server: one test after the other (esnet/iperf src/iperf_server_api.c).</summary>
internal sealed class IperfServer(ProgramContext context, IperfOptions options)
{
    private const string Rule = "-----------------------------------------------------------\n";

    public async Task<int> RunAsync()
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(
            context.Namespace, new Ipv4Endpoint(options.Bind, options.Port), options: StreamOptions.Control(options)).ConfigureAwait(false);
        if (acceptor is null)
        {
            await IperfProgram.CreateReport(context, options).FinishAsync($"unable to start listener for connections: port {options.Port}: {result.Describe()}").ConfigureAwait(false);
            return 1;
        }

        await using (acceptor.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
            var door = new ServerDoor(context.Namespace, acceptor, context.Time);
            Task accepting = door.RunAsync(stop.Token);
            try
            {
                return await ServeAsync(door).ConfigureAwait(false);
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<int> ServeAsync(ServerDoor door)
    {
        for (int number = 1; ; number++)
        {
            if (!options.Json)
            {
                await context.Stdout.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{Rule}Server listening on {options.Port} (test #{number})\n{Rule}")).ConfigureAwait(false);
                await context.Stdout.FlushAsync(context.Cancellation).ConfigureAwait(false);
            }

            IncomingConnection incoming = await door.NextTestAsync(context.Cancellation).ConfigureAwait(false);
            ITestReport report = IperfProgram.CreateReport(context, options);
            string? error = null;
            try
            {
                await new ServerTest(context, options, door, report).RunAsync(incoming).ConfigureAwait(false);
            }
            catch (IperfException e)
            {
                error = e.Message;
            }
            finally
            {
                door.EndTest();
            }

            await report.FinishAsync(error).ConfigureAwait(false);
            if (options.OneOff)
                return error is null ? 0 : 1;
        }
    }
}
