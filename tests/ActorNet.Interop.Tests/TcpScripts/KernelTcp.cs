using System.Diagnostics;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Packets;
using ActorNet.TcpScripts;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>The kernel's TCP in a namespace of its own, its wire a TUN device, in real time.</summary>
internal sealed class KernelTcp : ITcpStackUnderTest
{
    private const string Device = "tun0";
    private readonly TunDevice _tun;
    private readonly long _start;
    private readonly HashSet<int> _open = [];

    private KernelTcp(TunDevice tun)
    {
        _tun = tun;
        _start = Stopwatch.GetTimestamp();
    }

    public Ipv4Address Address { get; } = Ipv4Address.Parse("192.0.2.1");

    public Ipv4Address PeerAddress { get; } = Ipv4Address.Parse("192.0.2.2");

    public TimeSpan Now => Stopwatch.GetElapsedTime(_start);

    /// <summary>Runs a script in a namespace, on a thread that moves there.</summary>
    public static async Task RunAsync(NetworkNamespace ns, TcpScript script)
    {
        await TunDevice.EnsureNodeAsync();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var runner = new Thread(() =>
        {
            try
            {
                NamespaceSocket.Enter(ns);
                Configure(script);
                using TunDevice tun = TunDevice.Open(Device);
                ns.IpAsync($"addr add 192.0.2.1/24 dev {Device}").GetAwaiter().GetResult();
                ns.IpAsync($"link set {Device} mtu {script.Mtu} up").GetAwaiter().GetResult();
                using var stack = new KernelTcp(tun);
                ScriptRun.Execute(script, stack);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        runner.Start();
        await done.Task;
    }

    public void Inject(ReadOnlySpan<byte> packet) => _tun.Write(packet);

    public byte[]? NextEmitted(TimeSpan deadline)
    {
        while (true)
        {
            byte[]? packet = _tun.Read(deadline - Now);
            if (packet is not null || Now >= deadline)
                return packet;
        }
    }

    public SocketAnswer Open() => Remember(KernelSocket.Open());

    public SocketAnswer Bind(int socket, ushort port) => KernelSocket.Bind(socket, Address.Value, port);

    public SocketAnswer Listen(int socket, int backlog) => KernelSocket.Listen(socket, backlog);

    public SocketAnswer Accept(int socket) => Remember(KernelSocket.Accept(socket));

    public SocketAnswer Connect(int socket, ushort port) => KernelSocket.Connect(socket, PeerAddress.Value, port);

    public SocketAnswer Write(int socket, ReadOnlySpan<byte> data) => KernelSocket.Write(socket, data.ToArray());

    public SocketAnswer Read(int socket, Span<byte> buffer)
    {
        byte[] bytes = new byte[buffer.Length];
        SocketAnswer answer = KernelSocket.Read(socket, bytes);
        bytes.AsSpan(0, Math.Max(0, answer.Value)).CopyTo(buffer);
        return answer;
    }

    public SocketAnswer Shutdown(int socket, ShutdownWay way) => KernelSocket.Shutdown(socket, way);

    public SocketAnswer Close(int socket)
    {
        _open.Remove(socket);
        return KernelSocket.Close(socket);
    }

    public SocketAnswer SetOption(int socket, string option, int value) => KernelSocket.SetOption(socket, option, value);

    public SocketAnswer TakeError(int socket) => KernelSocket.TakeError(socket);

    public string? State(int socket) => KernelSocket.State(socket);

    public SocketAnswer Info(int socket, string field) => KernelSocket.Info(socket, field);

    public void Dispose()
    {
        foreach (int socket in _open)
            KernelSocket.Close(socket);
        _open.Clear();
    }

    private SocketAnswer Remember(SocketAnswer opened)
    {
        if (opened.Errno is null)
            _open.Add(opened.Value);
        return opened;
    }

    /// <summary>Sets what the script asks for and reads it back. The files below /proc/sys/net are those of the thread's namespace.</summary>
    private static void Configure(TcpScript script)
    {
        foreach ((string name, string value) in script.Sysctls)
            Set(name, value);
    }

    private static void Set(string name, string value)
    {
        string path = $"/proc/sys/net/ipv4/{name}";
        File.WriteAllText(path, value);
        string[] read = File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(value.Split(' '), read);
    }
}
