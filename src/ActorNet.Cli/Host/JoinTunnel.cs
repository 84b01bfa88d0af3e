using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Tunnels;

namespace ActorNet.Cli.Host;

/// <summary>Tries the tunnel to a host of the cluster: whether datagrams come back, and the longest that do.</summary>
/// <param name="socket">The tunnel's socket on this host.</param>
/// <param name="remote">Where the other's tunnel ends.</param>
/// <param name="number">The number that the other expects.</param>
internal sealed class JoinTunnel(Socket socket, IPEndPoint remote, Guid number)
{
    // IPv4 and UDP: an MTU is of what the wire carries, a probe of what UDP carries.
    private const int Headers = 20 + 8;

    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(300);

    /// <summary>How often a probe is sent before it counts as lost: by chance a datagram or two are.</summary>
    private const int Tries = 4, TriesToBegin = 10;

    /// <summary>Finds the longest packet that passes.</summary>
    /// <param name="low">The shortest that matters, in bytes with IPv4 and UDP headers.</param>
    /// <param name="high">The longest that is wanted.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Its length; 0: nothing comes back.</returns>
    public async Task<int> LongestAsync(int low, int high, CancellationToken ct)
    {
        // What is longer than the path carries is to be lost, not cut into pieces.
        socket.DontFragment = true;
        if (!await PassesAsync(TunnelProbe.MinLength + Headers, TriesToBegin, ct).ConfigureAwait(false))
            return 0;
        if (await PassesAsync(high, Tries, ct).ConfigureAwait(false))
            return high;
        int passes = TunnelProbe.MinLength + Headers;
        for (int lost = high; lost - passes > 1;)
        {
            int next = passes < low && lost > low ? low : (passes + lost) / 2;
            if (await PassesAsync(next, Tries, ct).ConfigureAwait(false))
                passes = next;
            else
                lost = next;
        }

        return passes;
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "Disposed of by using.")]
    private async Task<bool> PassesAsync(int length, int tries, CancellationToken ct)
    {
        byte[] probe = new byte[length - Headers];
        TunnelProbe.Write(probe, number);
        for (int i = 0; i < tries; i++)
        {
            try
            {
                await socket.SendToAsync(probe, SocketFlags.None, remote, ct).ConfigureAwait(false);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.MessageSize)
            {
                return false;
            }
            catch (SocketException)
            {
                // An ICMP error of the one before; the answer decides.
            }

            if (await ComesBackAsync(probe.Length, ct).ConfigureAwait(false))
                return true;
        }

        return false;
    }

    private async Task<bool> ComesBackAsync(int length, CancellationToken ct)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Round);
        byte[] answer = new byte[ushort.MaxValue];
        try
        {
            while (true)
            {
                SocketReceiveFromResult came = await socket.ReceiveFromAsync(answer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), limit.Token).ConfigureAwait(false);
                if (came.ReceivedBytes == length && TunnelProbe.TryRead(answer.AsSpan(0, length), out Guid heard) && heard == number)
                    return true;
            }
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
