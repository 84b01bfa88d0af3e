using System.Net;
using System.Net.Sockets;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>Which end of a connection the kernel is.</summary>
public enum KernelEnd
{
    /// <summary>The kernel connects to our listener.</summary>
    Client,

    /// <summary>We connect to the kernel's listener.</summary>
    Server,
}

/// <summary>One connection between a socket of the kernel pod and one of an emulated pod.</summary>
/// <param name="Kernel">The kernel's end.</param>
/// <param name="Ours">Our end.</param>
public sealed record ConnectedPair(Socket Kernel, TcpStream Ours) : IAsyncDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The kernel's port, by which tools find the connection.</summary>
    public int KernelPort => ((IPEndPoint)Kernel.LocalEndPoint!).Port;

    /// <summary>The kernel's end as a stream.</summary>
    public NetworkStream KernelStream { get; } = new(Kernel, ownsSocket: false);

    /// <summary>Connects.</summary>
    /// <param name="bed">Where.</param>
    /// <param name="end">Which end the kernel is.</param>
    /// <param name="kernel">Prepares the kernel's socket, the listening one where it is the server.</param>
    /// <param name="ours">Options of our socket.</param>
    public static async Task<ConnectedPair> OpenAsync(TransferBed bed, KernelEnd end, Action<Socket>? kernel = null, TcpOptions? ours = null)
    {
        ArgumentNullException.ThrowIfNull(bed);
        Socket socket = NamespaceSocket.OpenTcp(bed.Kernel.Namespace);
        kernel?.Invoke(socket);
        return end == KernelEnd.Client ? await FromKernelAsync(bed, socket, ours) : await FromOursAsync(bed, socket, ours);
    }

    /// <summary>What <c>ss</c> prints of the kernel's end.</summary>
    /// <param name="bed">Where.</param>
    public async Task<string> KernelStateAsync(TransferBed bed)
    {
        ArgumentNullException.ThrowIfNull(bed);
        return (await bed.Kernel.Namespace.ExecAsync("ss", "-Htnaoi", $"sport = :{KernelPort}")).Output;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KernelStream.DisposeAsync();
        Kernel.Dispose();
        await Ours.DisposeAsync();
    }

    private static async Task<ConnectedPair> FromKernelAsync(TransferBed bed, Socket kernel, TcpOptions? options)
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(bed.Client, new Ipv4Endpoint(bed.Client.Ip, 0), options: options);
        Assert.Equal(SocketResult.Ok, result);
        await using TcpAcceptor _ = acceptor!;
        Task<TcpDuplexPipe?> accepting = acceptor!.AcceptAsync(Ct);
        await kernel.ConnectAsync(IPAddress.Parse(bed.Client.Address), acceptor.Local.Port, Ct);
        return new ConnectedPair(kernel, new TcpStream((await accepting)!));
    }

    private static async Task<ConnectedPair> FromOursAsync(TransferBed bed, Socket listener, TcpOptions? options)
    {
        using Socket _ = listener;
        listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        listener.Listen(1);
        var remote = new Ipv4Endpoint(Ipv4Address.Parse(bed.Kernel.Address), (ushort)((IPEndPoint)listener.LocalEndPoint!).Port);
        Task<TcpStream> connecting = TcpConnector.OpenStreamAsync(bed.Client, remote, options, Ct);
        Socket accepted = await listener.AcceptAsync(Ct);
        return new ConnectedPair(accepted, await connecting);
    }
}
