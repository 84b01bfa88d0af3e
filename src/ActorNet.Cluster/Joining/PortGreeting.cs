using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorNet.Cluster.Joining;

/// <summary>
/// What the ports of a host that is joining say to whoever calls: its number. So the caller knows that it is that host which it reached, and not somebody else who has
/// the address, or a firewall that answers for all.
/// </summary>
public static class PortGreeting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Calls a port.</summary>
    /// <param name="caller">The host that calls.</param>
    /// <param name="address">The address.</param>
    /// <param name="what">What the port is for.</param>
    /// <param name="port">The port.</param>
    /// <param name="number">The number that is expected.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>What is wrong, a sentence; null: it is reached.</returns>
    public static async Task<string?> CallAsync(string caller, IPAddress address, string what, int port, Guid number, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(what);
        string place = string.Create(CultureInfo.InvariantCulture, $"host {caller} calls this host's {Short(what)} port at {address}:{port} in vain");
        string advice = string.Create(CultureInfo.InvariantCulture, $"Hosts call each other in both directions: open TCP {port} in this machine's firewall and in those between, or check --address.");
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(address, port), limit.Token).ConfigureAwait(false);
            byte[] expected = Of(number), heard = new byte[expected.Length];
            using var stream = new NetworkStream(socket);
            int length = await stream.ReadAtLeastAsync(heard, heard.Length, throwOnEndOfStream: false, limit.Token).ConfigureAwait(false);
            return heard.AsSpan(0, length).SequenceEqual(expected) ? null : $"Ports: {place}: somebody else answers there. {advice}";
        }
        catch (SocketException e)
        {
            return $"Ports: {place}: {e.Message}. {advice}";
        }
        catch (IOException e)
        {
            return $"Ports: {place}: {e.Message} {advice}";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Ports: {place}: nothing comes back within {Patience.TotalSeconds:0} s. {advice}");
        }
    }

    /// <summary>What a port says.</summary>
    /// <param name="number">The host's number.</param>
    public static byte[] Of(Guid number) => Encoding.ASCII.GetBytes($"actornet {number:N}\n");

    private static string Short(string what) => what.Length <= 20 ? what : what[..20];
}
