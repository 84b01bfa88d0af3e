using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorNet.Interop.Tests.Netns;

/// <summary>
/// A UDP server in a namespace that answers <c>clientip</c> with the sender's address and port and <c>echo TEXT</c> with TEXT, as the
/// netexec command of Kubernetes' agnhost image does (kubernetes test/images/agnhost/netexec/netexec.go startUDPServer).
/// </summary>
public sealed class UdpAnswerer : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>Starts a server.</summary>
    /// <param name="ns">The namespace to serve in.</param>
    /// <param name="port">The UDP port.</param>
    public UdpAnswerer(NetworkNamespace ns, int port)
    {
        _socket = NamespaceSocket.OpenUdp(ns, port);
        _loop = AnswerAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task AnswerAsync()
    {
        byte[] buffer = new byte[65_536];
        try
        {
            while (true)
            {
                SocketReceiveFromResult got = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                string[] words = Encoding.UTF8.GetString(buffer, 0, got.ReceivedBytes).Trim().Split(' ', 2);
                string? answer = words switch
                {
                    ["clientip"] => got.RemoteEndPoint.ToString(),
                    ["echo", string text] => text,
                    _ => null,
                };
                if (answer is not null)
                    await _socket.SendToAsync(Encoding.UTF8.GetBytes(answer), got.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
