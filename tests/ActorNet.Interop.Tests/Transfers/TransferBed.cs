using System.Net.Sockets;
using System.Text;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>
/// A kernel pod behind a kernel VTEP and two emulated pods behind ours, on one segment. The kernel pod has Debian's nginx and speaks CUBIC,
/// as ours do.
/// </summary>
public sealed class TransferBed : IAsyncDisposable
{
    /// <summary>The port of agnhost's HTTP server in <see cref="Server"/>.</summary>
    public const int HttpPort = 8080;

    private TransferBed(NetnsLab lab, UnderlaySegment segment, KernelNode node, KernelPod pod, KernelNginx nginx, EmulatedHost host)
    {
        Lab = lab;
        Segment = segment;
        KernelNode = node;
        Kernel = pod;
        Nginx = nginx;
        Host = host;
    }

    /// <summary>The laboratory that holds the kernel's part.</summary>
    public NetnsLab Lab { get; }

    /// <summary>The segment; its port1 leads to the kernel node.</summary>
    public UnderlaySegment Segment { get; }

    /// <summary>The kernel node, 192.168.56.19 with 10.244.9.0/24.</summary>
    public KernelNode KernelNode { get; }

    /// <summary>Its pod.</summary>
    public KernelPod Kernel { get; }

    /// <summary>The nginx in the kernel pod.</summary>
    public KernelNginx Nginx { get; }

    /// <summary>The emulated node.</summary>
    public EmulatedHost Host { get; }

    /// <summary>An emulated pod with a shell and tools.</summary>
    public EmulatedPod Client { get; private set; } = null!;

    /// <summary>An emulated pod with agnhost's netexec.</summary>
    public EmulatedPod Server { get; private set; } = null!;

    /// <summary>An emulated pod with nginx, which makes /generated/BYTES on the fly.</summary>
    public EmulatedPod Web { get; private set; } = null!;

    /// <summary>The URL of the kernel pod's nginx, without a path.</summary>
    public string KernelUrl => $"http://{Kernel.Address}";

    /// <summary>Makes the bed; skips the test when the machine cannot have one.</summary>
    public static async Task<TransferBed> CreateAsync()
    {
        Need.Tool("curl", "sha256sum", "seq");
        NetnsLab lab = await NetnsLab.CreateAsync();
        KernelNginx? nginx = null;
        EmulatedHost? host = null;
        try
        {
            UnderlaySegment segment = await UnderlaySegment.CreateAsync(lab);
            KernelNode node = await KernelNode.CreateAsync(lab, segment, new KernelNodeOptions("near", "192.168.56.19", 9));
            // Merged segments would be lost together, and what a capture shows would not be what was sent.
            await node.Root.OffloadsOffAsync("flannel.1");
            KernelPod pod = await node.AddPodAsync("p");
            await UseCubicAsync(node, pod);
            nginx = await KernelNginx.StartAsync(pod.Namespace);
            host = await EmulatedHost.StartAsync(lab, segment);
            var bed = new TransferBed(lab, segment, node, pod, nginx, host);
            await node.AddLeaseAsync(EmulatedHost.SubnetIndex, EmulatedHost.VtepMac, EmulatedHost.Address);
            host.AddPeer(node);
            bed.Client = await host.RunPodAsync("client", "busybox:1.36", "sleep", "infinity");
            bed.Server = await host.RunPodAsync("server", "registry.k8s.io/e2e-test-images/agnhost:2.53", "netexec");
            bed.Web = await host.RunPodAsync("web", "nginx:1.27");
            await bed.ReachAsync();
            await bed.AssertCubicAsync();
            await bed.RefuseNamesAsync();
            return bed;
        }
        catch
        {
            await DisposeAsync(nginx, host, lab);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(KernelFilesOf(Kernel.Namespace.Name)))
            Directory.Delete(KernelFilesOf(Kernel.Namespace.Name), recursive: true);
        await DisposeAsync(Nginx, Host, Lab);
    }

    private static async ValueTask DisposeAsync(KernelNginx? nginx, EmulatedHost? host, NetnsLab lab)
    {
        try
        {
            if (nginx is not null)
                await nginx.DisposeAsync();
            if (host is not null)
                await host.DisposeAsync();
        }
        finally
        {
            await lab.DisposeAsync();
        }
    }

    // This machine's default may be another, and a new namespace may not set its own default; a route's own algorithm it may
    // (ip-route(8) congctl; linux net/ipv4/tcp_cong.c tcp_assign_congestion_control).
    private static async Task UseCubicAsync(KernelNode node, KernelPod pod)
    {
        await pod.Namespace.IpAsync($"route change default via {node.Gateway} dev eth0 congctl cubic");
        await pod.Namespace.IpAsync($"route change 10.244.0.0/16 via {node.Gateway} dev eth0 congctl cubic");
    }

    private static string KernelFilesOf(string ns) => Path.Combine("/etc/netns", ns);

    // Both clients ask a port for names that is closed: they are told so at once. `ip netns exec` puts the files of this folder in the place of /etc's.
    private async Task RefuseNamesAsync()
    {
        Directory.CreateDirectory(KernelFilesOf(Kernel.Namespace.Name));
        await File.WriteAllTextAsync(Path.Combine(KernelFilesOf(Kernel.Namespace.Name), "resolv.conf"), "nameserver 127.0.0.1\n");
        await Client.ShellAsync("echo nameserver 127.0.0.1 > /etc/resolv.conf");
    }

    // The first packets wait for flanneld and for ARP; after this, every table is filled.
    private Task<TimeSpan> ReachAsync() => Eventually.HoldsAsync("the pods reach each other over HTTP", async () =>
        (await Kernel.Namespace.TryExecAsync("curl", "-sS", "-m", "2", $"http://{Server.Address}:{HttpPort}/hostname")).Output == "server"
        && (await Kernel.Namespace.TryExecAsync("curl", "-sSf", "-m", "2", $"http://{Web.Address}/")).ExitCode == 0
        && (await Client.TryExecAsync("curl", "-sS", "-m", "2", "-o", "/dev/null", $"{KernelUrl}/echo")).ExitCode == 0);

    // Read back from sockets of both kinds, one that connects and one that is accepted.
    private async Task AssertCubicAsync()
    {
        foreach (KernelEnd end in Enum.GetValues<KernelEnd>())
        {
            await using ConnectedPair pair = await ConnectedPair.OpenAsync(this, end);
            Assert.Equal("cubic", Congestion(pair.Kernel));
        }
    }

    private static string Congestion(Socket socket)
    {
        // tcp(7): TCP_CONGESTION is 13.
        byte[] name = new byte[16];
        int length = socket.GetRawSocketOption((int)ProtocolType.Tcp, 13, name);
        return Encoding.ASCII.GetString(name, 0, length).TrimEnd('\0');
    }
}

/// <summary>The bed that all transfer tests share, because they leave it as they found it; made by the first test that asks.</summary>
public sealed class SharedTransferBed : IAsyncDisposable
{
    private TransferBed? _bed;

    /// <summary>The bed.</summary>
    public async Task<TransferBed> GetAsync() => _bed ??= await TransferBed.CreateAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _bed?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The collection of the classes that share the bed.</summary>
[CollectionDefinition(Name)]
public sealed class TransferTestCollection : ICollectionFixture<SharedTransferBed>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "transfers";
}
