using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster.Certificates;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Tests.Front;

/// <summary>A host's certificate over nine months of its life, judged by what real handshakes show.</summary>
public sealed class CertificateRenewalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_certificate_that_ends_soon_is_renewed_and_shown_in_both_directions_without_a_restart()
    {
        // Handshakes are judged by the machine's clock: both certificates are good at its time.
        var time = new SteppedTime(DateTimeOffset.UtcNow.AddDays(-340));
        using var authority = CertificateAuthority.Create(time);
        HostCredentials first = Signed(authority);
        using var live = new LiveCredentials(first);
        await using HostFront front = await HostFront.StartAsync(new HostFrontOptions
        {
            Address = IPAddress.Loopback,
            ApiPort = 0,
            KubeletPort = 0,
            Credentials = live,
            Api = new FrontBed.Place(),
            Kubelet = context => context.Response.WriteAsync(context.Connection.ClientCertificate!.SerialNumber),
            Time = time,
        });
        using var peer = new HttpMessageInvoker(PeerHttp.CreateHandler(live));
        var told = new List<string>();
        int asked = 0;
        using var stop = new CancellationTokenSource();
        // The signer is away at the first try, and at the second something breaks that nobody thought of.
        Task renewing = new CertificateRenewal(live, _ => ++asked switch
        {
            1 => throw new SigningRefusedException("nobody signs"),
            2 => throw new InvalidOperationException("a surprise"),
            _ => Task.FromResult(Signed(authority)),
        }, time, told.Add).RunAsync(stop.Token);

        Assert.Equal(first.Certificate.SerialNumber, await ServerShowsAsync(front, live));
        Assert.Equal(first.Certificate.SerialNumber, await ClientShowsAsync(peer, front, closes: true));
        Assert.Equal(first.Certificate.SerialNumber, await ClientShowsAsync(peer, front, closes: false));
        await PassAsync(time, CertificateLife.RenewAt(first.Certificate) - time.GetUtcNow() - TimeSpan.FromMinutes(1));
        Assert.Equal((0, first), (asked, live.Now));
        await PassAsync(time, CertificateRenewal.Interval);
        Assert.Equal((1, first), (asked, live.Now));
        await PassAsync(time, CertificateRenewal.FirstRetry);
        Assert.Equal((2, first), (asked, live.Now));
        await PassAsync(time, CertificateRenewal.FirstRetry);
        Assert.Equal((2, first), (asked, live.Now));
        await PassAsync(time, CertificateRenewal.FirstRetry);

        string second = live.Now.Certificate.SerialNumber;
        Assert.Equal((3, 3), (asked, told.Count));
        Assert.Contains("tried again in 1 min: nobody signs", told[0], StringComparison.Ordinal);
        Assert.Contains("tried again in 2 min: a surprise", told[1], StringComparison.Ordinal);
        Assert.NotEqual(first.Certificate.SerialNumber, second);
        Assert.Equal(second, await ServerShowsAsync(front, live));
        // What was connected before stays as it was; what connects now shows the new one.
        Assert.Equal(first.Certificate.SerialNumber, await ClientShowsAsync(peer, front, closes: true));
        Assert.Equal(second, await ClientShowsAsync(peer, front, closes: true));
        await stop.CancelAsync();
        await renewing.WaitAsync(Patience);
    }

    private static HostCredentials Signed(CertificateAuthority authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return HostCredentials.Of(authority.Certificate, authority.SignHost(new PublicKey(key), new HostNames("n1", [])), key);
    }

    // Whoever waits has to have begun to before a step can wake it, and waits again when it has done what it woke for.
    private static async Task PassAsync(SteppedTime time, TimeSpan step)
    {
        await time.AwaitedAsync(Patience);
        time.Advance(step);
        await time.AwaitedAsync(Patience);
    }

    private static async Task<string> ServerShowsAsync(HostFront front, LiveCredentials live)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var client = new TcpClient();
        await client.ConnectAsync(front.ApiAddress.Host, front.ApiAddress.Port, patience.Token);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "n1", CertificateChainPolicy = live.Now.ServerPolicy() }, patience.Token);
        using X509Certificate2 shown = X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
        return shown.SerialNumber;
    }

    private static async Task<string> ClientShowsAsync(HttpMessageInvoker peer, HostFront front, bool closes)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(front.KubeletAddress, "/pods"));
        request.Headers.ConnectionClose = closes;
        using HttpResponseMessage answer = await peer.SendAsync(request, patience.Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(patience.Token);
    }
}
