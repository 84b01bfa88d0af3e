using System.CommandLine;
using System.Runtime.Versioning;
using System.Text.Json;
using ActorNet.Cli.Commands;
using ActorNet.Packets;
using Microsoft.AspNetCore.Builder;

namespace ActorNet.Cli.Bench;

/// <summary>`actornet bench kernel-peer`: the load program on the kernel's sockets. `bench dataplane` starts it in the pods' namespaces; it is not for users.</summary>
internal static class KernelPeerCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("kernel-peer", "Load on the kernel's own sockets, for comparison") { Hidden = true };
        command.Subcommands.Add(CreateReceive());
        command.Subcommands.Add(CreateSend());
        command.Subcommands.Add(CreateTcpReceive());
        command.Subcommands.Add(CreateTcpSend());
        command.Subcommands.Add(CreateHttpServe());
        command.Subcommands.Add(CreateHttpSend());
        return command;
    }

    private static Option<int> PortOption() => new("--port") { Description = "Port of the receiver", Required = true, HelpName = "PORT" };

    private static Option<bool> OffloadOption() => new("--offload") { Description = "Use UDP_SEGMENT and UDP_GRO" };

    private static Command CreateReceive()
    {
        Option<int> port = PortOption();
        Option<bool> offload = OffloadOption();
        var command = new Command("receive", "Count datagrams until the input closes, then print the count as JSON") { port, offload };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(
            () => OperatingSystem.IsLinux() ? ReceiveAsync(result.GetValue(port), result.GetValue(offload), ct) : throw NotLinux()));
        return command;
    }

    [SupportedOSPlatform("linux")]
    private static async Task<int> ReceiveAsync(int port, bool offload, CancellationToken ct)
    {
        using KernelLoad load = KernelLoad.OpenReceiver(port, offload);
        Console.WriteLine("ready");
        Task<BenchReceived> counting = Task.Factory.StartNew(load.Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Console.In.ReadToEndAsync(ct).ConfigureAwait(false);
        load.Stop();
        Console.WriteLine(JsonSerializer.Serialize(await counting.ConfigureAwait(false)));
        return 0;
    }

    private static Command CreateSend()
    {
        var address = new Argument<string>("ADDRESS") { Description = "IPv4 address of the receiver. Example: 10.244.2.2" };
        Option<int> port = PortOption();
        Option<bool> offload = OffloadOption();
        var seconds = new Option<double>("--seconds") { Description = "How long to send", DefaultValueFactory = _ => 5, HelpName = "S" };
        var payload = new Option<int>("--payload") { Description = "Bytes of data in a datagram", DefaultValueFactory = _ => 64, HelpName = "BYTES" };
        var command = new Command("send", "Send datagrams as fast as the kernel takes them, then print the count as JSON") { address, port, offload, seconds, payload };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() =>
        {
            if (!OperatingSystem.IsLinux())
                throw NotLinux();
            if (!Ipv4Address.TryParse(result.GetValue(address), out Ipv4Address to))
                throw new UsageException($"'{result.GetValue(address)}' is not an IPv4 address.");
            return SendAsync(to, result.GetValue(port), result.GetValue(offload), result.GetValue(payload), TimeSpan.FromSeconds(result.GetValue(seconds)), ct);
        }));
        return command;
    }

    [SupportedOSPlatform("linux")]
    private static async Task<int> SendAsync(Ipv4Address to, int port, bool offload, int payload, TimeSpan duration, CancellationToken ct)
    {
        using KernelLoad load = KernelLoad.OpenSender(to, port, offload, payload);
        BenchSent sent = await Task.Run(() => load.Send(duration, ct), ct).ConfigureAwait(false);
        Console.WriteLine(JsonSerializer.Serialize(sent));
        return 0;
    }

    private static Command CreateTcpReceive()
    {
        Option<int> port = PortOption();
        var closeAtOnce = new Option<bool>("--close-at-once") { Description = "Close each connection as it is accepted" };
        var command = new Command("tcp-receive", "Accept connections and count bytes until the input closes, then print the count as JSON") { port, closeAtOnce };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(
            () => OperatingSystem.IsLinux() ? TcpReceiveAsync(result.GetValue(port), result.GetValue(closeAtOnce), ct) : throw NotLinux()));
        return command;
    }

    [SupportedOSPlatform("linux")]
    private static async Task<int> TcpReceiveAsync(int port, bool closeAtOnce, CancellationToken ct)
    {
        using KernelTcpReceiver load = KernelTcpReceiver.Open(port, closeAtOnce);
        Console.WriteLine("ready");
        Task<BenchTcpReceived> counting = Task.Factory.StartNew(load.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Console.In.ReadToEndAsync(ct).ConfigureAwait(false);
        load.Stop();
        Console.WriteLine(JsonSerializer.Serialize(await counting.ConfigureAwait(false)));
        return 0;
    }

    private static Command CreateTcpSend()
    {
        var address = new Argument<string>("ADDRESS") { Description = "IPv4 address of the receiver. Example: 10.244.2.2" };
        Option<int> port = PortOption();
        var seconds = new Option<double>("--seconds") { Description = "How long to send", DefaultValueFactory = _ => 5, HelpName = "S" };
        var connections = new Option<int>("--connections") { Description = "0 for one flow; else how many connections at a time are opened and closed", HelpName = "N" };
        var command = new Command("tcp-send", "Send a flow, or open and close connections, then print the count as JSON") { address, port, seconds, connections };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            if (!OperatingSystem.IsLinux())
                throw NotLinux();
            if (!Ipv4Address.TryParse(result.GetValue(address), out Ipv4Address to))
                throw new UsageException($"'{result.GetValue(address)}' is not an IPv4 address.");
            var load = new KernelTcpSender(to, result.GetValue(port), TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(connections));
            BenchTcpSent sent = await Task.Run(() => load.Run(ct), ct).ConfigureAwait(false);
            Console.WriteLine(JsonSerializer.Serialize(sent));
            return 0;
        }));
        return command;
    }

    private static Command CreateHttpServe()
    {
        Option<int> port = PortOption();
        var command = new Command("http-serve", "Answer HTTP requests until the input closes") { port };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(
            () => OperatingSystem.IsLinux() ? HttpServeAsync(result.GetValue(port), ct) : throw NotLinux()));
        return command;
    }

    [SupportedOSPlatform("linux")]
    private static async Task<int> HttpServeAsync(int port, CancellationToken ct)
    {
        await using WebApplication server = await KernelHttp.ServeAsync(port, ct).ConfigureAwait(false);
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync(ct).ConfigureAwait(false);
        return 0;
    }

    private static Command CreateHttpSend()
    {
        var address = new Argument<string>("ADDRESS") { Description = "IPv4 address of the server. Example: 10.244.2.2" };
        Option<int> port = PortOption();
        var seconds = new Option<double>("--seconds") { Description = "How long to ask", DefaultValueFactory = _ => 5, HelpName = "S" };
        var command = new Command("http-send", "Send HTTP requests, then print the count as JSON") { address, port, seconds };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            if (!OperatingSystem.IsLinux())
                throw NotLinux();
            if (!Ipv4Address.TryParse(result.GetValue(address), out Ipv4Address to))
                throw new UsageException($"'{result.GetValue(address)}' is not an IPv4 address.");
            BenchHttpSent sent = await KernelHttp.SendAsync(to, result.GetValue(port), TimeSpan.FromSeconds(result.GetValue(seconds)), ct).ConfigureAwait(false);
            Console.WriteLine(JsonSerializer.Serialize(sent));
            return 0;
        }));
        return command;
    }

    private static UsageException NotLinux() => new("kernel-peer measures Linux's sockets; this system is another.");
}
