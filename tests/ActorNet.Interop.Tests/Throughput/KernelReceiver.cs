using System.Net;
using System.Net.Sockets;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Throughput;

/// <summary>A kernel that takes connections and counts their bytes.</summary>
internal sealed class KernelReceiver : IDisposable
{
    public const ushort Port = 5001;

    private readonly CancellationTokenSource _ended = new();
    private readonly Socket _listener;
    private readonly Task _accepting;
    private int _connections;
    private long _bytes;

    public KernelReceiver(NetworkNamespace ns)
    {
        _listener = NamespaceSocket.OpenTcp(ns);
        _listener.Bind(new IPEndPoint(IPAddress.Any, Port));
        _listener.Listen(64);
        _accepting = AcceptAsync();
    }

    public int Connections => Volatile.Read(ref _connections);

    public long Bytes => Interlocked.Read(ref _bytes);

    public void Dispose()
    {
        _ended.Cancel();
        _accepting.Wait();
        _listener.Dispose();
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var readers = new List<Task>();
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_ended.Token);
                Interlocked.Increment(ref _connections);
                readers.Add(ReadAsync(socket));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(readers);
        }
    }

    private async Task ReadAsync(Socket socket)
    {
        using Socket owned = socket;
        byte[] buffer = new byte[65_536];
        try
        {
            for (int read = 1; read > 0;)
            {
                read = await socket.ReceiveAsync(buffer, _ended.Token);
                Interlocked.Add(ref _bytes, read);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The measurement is over.
        }
    }
}
