using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ActorNet.Cluster.Links;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>What a connection between members carries.</summary>
internal enum PeerPurpose : byte
{
    /// <summary>The log's own protocol.</summary>
    Log = 1,

    /// <summary>Writes and reads for the leader.</summary>
    Calls = 2,
}

/// <summary>
/// How a connection between members begins: TLS both ways, then "ANS1", what it is for, and the caller's name with its length in 16 bits.
/// </summary>
internal static class PeerHandshake
{
    private const int LongestName = 255;

    private static ReadOnlySpan<byte> Magic => "ANS1"u8;

    /// <summary>Opens a connection to a member.</summary>
    /// <exception cref="IOException">It does not answer, or is not who it should be.</exception>
    public static async Task<Stream> ConnectAsync(StorePeerOptions options, string self, StorePeer peer, PeerPurpose purpose, CancellationToken cancel)
    {
        var socket = new Socket(peer.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(peer.Address, cancel).ConfigureAwait(false);
            stream = new LinkStream(new NetworkStream(socket, ownsSocket: true), options.Links, peer.Control);
            if (options.Credentials is { } credentials)
            {
                var secure = new SslStream(stream);
                stream = secure;
                await secure.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = peer.Host,
                        LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Now.Certificate,
                        CertificateChainPolicy = credentials.Now.ServerPolicy(),
                    },
                    cancel).ConfigureAwait(false);
            }

            await stream.WriteAsync(Greeting(self, purpose), cancel).ConfigureAwait(false);
            await stream.FlushAsync(cancel).ConfigureAwait(false);
            return stream;
        }
        catch (Exception failure)
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            if (failure is SocketException or AuthenticationException)
                throw new IOException($"no connection to the store's member on {peer.Host} at {peer.Address}: {failure.Message}", failure);
            throw;
        }
    }

    /// <summary>Takes a connection that came in; null when it is none of a member.</summary>
    public static async Task<(Stream Stream, PeerPurpose Purpose, string Name)?> AcceptAsync(StorePeerOptions options, Socket socket, CancellationToken cancel)
    {
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (options.Credentials is { } credentials)
            {
                var secure = new SslStream(stream);
                stream = secure;
                await secure.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions
                    {
                        ServerCertificateContext = credentials.ServerContext,
                        ClientCertificateRequired = true,
                        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                            certificate is X509Certificate2 shown && credentials.Now.AcceptsClient(shown, options.Time.GetUtcNow()),
                    },
                    cancel).ConfigureAwait(false);
            }

            if (await ReadGreetingAsync(stream, cancel).ConfigureAwait(false) is { } greeting && options.Find(greeting.Name) is { } peer && IsOf(stream, peer))
                return (new LinkStream(stream, options.Links, peer.Control), greeting.Purpose, greeting.Name);
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or OperationCanceledException or InvalidOperationException)
        {
            // A stranger, a scan or a member that went: whoever listens counts it.
        }

        await stream.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    // Who has a certificate of the cluster may speak for its own host only.
    private static bool IsOf(Stream stream, StorePeer peer) => stream is not SslStream secure || (secure.RemoteCertificate as X509Certificate2)?.MatchesHostname(peer.Host) == true;

    private static byte[] Greeting(string self, PeerPurpose purpose)
    {
        byte[] name = Encoding.UTF8.GetBytes(self);
        var greeting = new byte[Magic.Length + 3 + name.Length];
        Magic.CopyTo(greeting);
        greeting[Magic.Length] = (byte)purpose;
        BinaryPrimitives.WriteUInt16BigEndian(greeting.AsSpan(Magic.Length + 1), (ushort)name.Length);
        name.CopyTo(greeting, Magic.Length + 3);
        return greeting;
    }

    private static async Task<(PeerPurpose Purpose, string Name)?> ReadGreetingAsync(Stream stream, CancellationToken cancel)
    {
        var head = new byte[Magic.Length + 3];
        await stream.ReadExactlyAsync(head, cancel).ConfigureAwait(false);
        int length = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(Magic.Length + 1));
        var purpose = (PeerPurpose)head[Magic.Length];
        if (!head.AsSpan(0, Magic.Length).SequenceEqual(Magic) || !Enum.IsDefined(purpose) || length is 0 or > LongestName)
            return null;
        var name = new byte[length];
        await stream.ReadExactlyAsync(name, cancel).ConfigureAwait(false);
        return (purpose, Encoding.UTF8.GetString(name));
    }
}
