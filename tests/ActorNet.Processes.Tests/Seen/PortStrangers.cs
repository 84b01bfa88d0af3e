using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ActorNet.Processes.Tests.Seen;

/// <summary>
/// What a port scan, people who try the wrong port and a node of another cluster send: connections that are closed at once or say nothing, random bytes, HTTP
/// without TLS, TLS with a node's certificate of another authority, random datagrams, VXLAN. All of it comes from an address of its own.
/// </summary>
internal sealed class PortStrangers : IDisposable
{
    public const int Closing = 20, Junk = 5, Plain = 5, Foreign = 5, Silent = 3, Datagrams = 50;

    /// <summary>Connections to one TCP port.</summary>
    public const int Connections = Closing + Junk + Plain + Foreign + Silent;

    /// <summary>Of those, that never begin TLS.</summary>
    public const int WithoutTls = Connections - Foreign;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Random _chance = new(10256);
    private readonly List<Socket> _silent = [];
    private readonly X509Certificate2 _certificate = OfAnotherAuthority();

    public static IPAddress Address { get; } = IPAddress.Parse("127.0.10.195");

    /// <summary>Comes to a TCP port in every manner; each connection but the silent ones is over when this returns.</summary>
    public async Task ComeToAsync(IPEndPoint port)
    {
        for (int i = 0; i < Silent; i++)
            _silent.Add(await ConnectAsync(port));
        for (int i = 0; i < Closing; i++)
            (await ConnectAsync(port)).Dispose();
        for (int i = 0; i < Junk; i++)
            await SayAsync(port, [.. RandomBytes(500), .. "\r\n\r\n"u8]);
        for (int i = 0; i < Plain; i++)
            await SayAsync(port, Request(port));
        for (int i = 0; i < Foreign; i++)
            await SayOverTlsAsync(port);
    }

    /// <summary>Waits until the ports have sent those away who said nothing.</summary>
    /// <param name="patient">A port that waits for longer than a test should: its silent connections are closed from here.</param>
    public async Task AreSentAwayAsync(IPEndPoint patient)
    {
        foreach (Socket silent in _silent)
        {
            if (!Equals(silent.RemoteEndPoint, patient))
                await EndOfAsync(silent);
            silent.Dispose();
        }
    }

    /// <summary>Sends datagrams to a UDP port: random ones and as many with a frame in VXLAN (RFC 7348), network identifier 1.</summary>
    public async Task SendToAsync(IPEndPoint port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(Address, 0));
        for (int i = 0; i < Datagrams; i++)
        {
            // Small: all of them have room in a socket's buffer that nobody reads for a while.
            await socket.SendToAsync(RandomBytes(1 + _chance.Next(100)), port);
            await socket.SendToAsync((byte[])[8, 0, 0, 0, 0, 0, 1, 0, .. RandomBytes(60)], port);
        }
    }

    public void Dispose()
    {
        _silent.ForEach(static each => each.Dispose());
        _certificate.Dispose();
    }

    private static byte[] Request(IPEndPoint port) => Encoding.ASCII.GetBytes($"GET /stranger HTTP/1.1\r\nHost: {port}\r\nConnection: close\r\n\r\n");

    private static async Task<Socket> ConnectAsync(IPEndPoint port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(Address, 0));
        await socket.ConnectAsync(port);
        return socket;
    }

    private static async Task SayAsync(IPEndPoint port, byte[] what)
    {
        using Socket socket = await ConnectAsync(port);
        try
        {
            await socket.SendAsync(what);
        }
        catch (SocketException)
        {
            // Sent away already.
        }

        await EndOfAsync(socket);
    }

    private static async Task EndOfAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Patience);
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // A reset is an end, too.
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{socket.RemoteEndPoint} keeps a stranger's connection for more than {Patience.TotalSeconds} s.");
        }
    }

    private async Task SayOverTlsAsync(IPEndPoint port)
    {
        using var limit = new CancellationTokenSource(Patience);
        using Socket socket = await ConnectAsync(port);
        await using var stream = new SslStream(new NetworkStream(socket));
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "n1",
                ClientCertificates = [_certificate],
                // A stranger takes whatever answers.
#pragma warning disable CA5359
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
            }, limit.Token);
            await stream.WriteAsync(Request(port), limit.Token);
            using var answer = new StreamReader(stream);
            string said = await answer.ReadToEndAsync(limit.Token);
            Assert.True(said.Length == 0 || said.StartsWith("HTTP/1.1 401 Unauthorized\r\n", StringComparison.Ordinal), $"{port} answered a stranger: {said}");
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // With TLS 1.3 a client hears of a refusal with its first read only.
        }
    }

    private byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        _chance.NextBytes(bytes);
        return bytes;
    }

    // The name of a node as this cluster's own has it.
    private static X509Certificate2 OfAnotherAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 authority = new CertificateRequest("CN=another authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("O=system:nodes, CN=system:node:n1", own, HashAlgorithmName.SHA256)
            .Create(authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key), authority.NotBefore, authority.NotAfter, [1]);
        return certificate.CopyWithPrivateKey(own);
    }
}
