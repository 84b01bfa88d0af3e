using System.Text;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Tests.Programs;

namespace ActorNet.Interop.Tests.Tools;

/// <summary>
/// The same two hosts twice, 10.0.0.1 and 10.0.0.2 joined by a veth pair: once of the kernel, where the real tools run, and once emulated,
/// where ours do. b forwards, has 10.9.0.1 on lo and refuses some networks in different ways; ICMP errors are not limited. Made by the first test that asks; what runs is over before the next test begins.
/// </summary>
public sealed class ToolTwins : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ProgramRig _rig = new(router: true);
    private NetnsLab? _lab;

    /// <summary>The kernel's hosts a and b.</summary>
    internal Netns.NetworkNamespace[] Kernel { get; private set; } = [];

    /// <summary>The emulated hosts a and b.</summary>
    internal INamespaceExecutor[] Ours => [_rig.A, _rig.B];

    /// <summary>The rig of the emulated hosts.</summary>
    internal ProgramRig Rig => _rig;

    /// <summary>Makes the kernel's hosts; skips the test when the machine cannot have them.</summary>
    public async Task<ToolTwins> StartAsync()
    {
        if (_lab is not null)
            return this;
        _lab = await NetnsLab.CreateAsync();
        await _rig.B.RunAsync(_ => Rule(_rig.Net.B.Namespace, _rig.Net.A.Namespace));
        Netns.NetworkNamespace a = await _lab.AddNamespaceAsync("a");
        Netns.NetworkNamespace b = await _lab.AddNamespaceAsync("b");
        await _lab.AddVethAsync(a, "eth0", b, "eth0");
        await a.IpAsync("addr add 10.0.0.1/24 dev eth0");
        await b.IpAsync("addr add 10.0.0.2/24 dev eth0");
        foreach (Netns.NetworkNamespace each in (Netns.NetworkNamespace[])[a, b])
            await each.SetSysctlAsync("net.ipv4.icmp_ratemask", "0");
        await b.SetSysctlAsync("net.ipv4.ip_forward", "1");
        await b.IpAsync("addr add 10.9.0.1/32 dev lo");
        await b.IpAsync("route add prohibit 10.9.2.0/24");
        await b.IpAsync("route add unreachable 10.9.3.0/24");
        await b.IpAsync("route add blackhole 10.9.4.0/24");
        await a.IpAsync("route add 10.9.0.0/16 via 10.0.0.2");
        Kernel = [a, b];
        return this;
    }

    /// <summary>Runs the real tool.</summary>
    /// <param name="host">0 for a, 1 for b.</param>
    /// <param name="command">Words.</param>
    /// <param name="input">Standard input.</param>
    public async Task<ToolResult> RealAsync(int host, string command, string input = "")
    {
        CommandResult result = await Kernel[host].TryExecAsync(Words(command), Patience, input);
        return new ToolResult(result.ExitCode, result.Output, result.Error);
    }

    /// <summary>Runs our tool.</summary>
    /// <param name="host">0 for a, 1 for b.</param>
    /// <param name="command">Words.</param>
    /// <param name="input">Standard input.</param>
    public async Task<ToolResult> OursAsync(int host, string command, string input = "")
    {
        ProgramTable programs = ProgramTable.CreateDefault();
        FileTree files = ContainerFiles.Create("host", null, programs.Names, TimeProvider.System);
        files.AddText("/etc/services", await File.ReadAllTextAsync("/etc/services"));
        var output = new MemoryStream();
        var error = new MemoryStream();
        using var stop = new CancellationTokenSource(Patience);
        var context = new ProgramContext
        {
            Input = new MemoryStream(Encoding.UTF8.GetBytes(input)),
            Output = output,
            Error = error,
            Namespace = Ours[host],
            Http = _rig.Http,
            HostName = "host",
            Files = files,
            Devices = ["lo", "eth0"],
            Cancellation = stop.Token,
        };
        int code = await programs.RunAsync(context, Words(command));
        return new ToolResult(code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
    }

    /// <summary>Waits until the kernel's host has a bound socket on a port.</summary>
    public Task RealBoundAsync(int host, bool udp, int port) => Eventually.HoldsAsync($"port {port} is bound", async () =>
        (await Kernel[host].ExecAsync("ss", "-Hn", udp ? "-ua" : "-tl", "sport", "=", $":{port}")).Output.Length > 0);

    /// <summary>Waits until our host has a bound socket on a port.</summary>
    public Task OursBoundAsync(int host, bool udp, int port) => Eventually.HoldsAsync($"port {port} is bound", () => Ours[host].RunAsync(
        sockets => udp ? sockets.UdpSockets.Any(s => s.Local.Port == port) : sockets.TcpListeners.Any(l => l.Local.Port == port)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        if (_lab is not null)
            await _lab.DisposeAsync();
    }

    // The same addresses and routes for ours.
    private static int Rule(Dataplane.Ip.NetworkNamespace b, Dataplane.Ip.NetworkNamespace a)
    {
        Assert.Equal(AddressError.None, b.AddAddress(b.FindInterface("lo")!, InterfaceAddress.Parse("10.9.0.1/32")));
        foreach ((string prefix, RouteType type) in (ReadOnlySpan<(string, RouteType)>)[("10.9.2.0/24", RouteType.Prohibit), ("10.9.3.0/24", RouteType.Unreachable), ("10.9.4.0/24", RouteType.Blackhole)])
            Assert.Equal(RouteError.None, b.AddRoute(new Route { Destination = Ipv4Prefix.Parse(prefix), Type = type }));
        Assert.Equal(RouteError.None, a.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.9.0.0/16"), Gateway = Ipv4Address.Parse("10.0.0.2") }));
        return 0;
    }

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>What a tool left behind.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ToolResult(int Code, string Output, string Error)
{
    /// <inheritdoc/>
    public override string ToString() => $"exit {Code}\n{Output}\n--- stderr\n{Error}";
}
