using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Cluster;

namespace ActorNet.Cluster.Tests;

[Collection(ClusterCollection.Name)]
public sealed class ControlRenewalTests
{
    [Fact]
    public async Task A_host_with_a_new_certificate_is_back_on_the_same_port_and_shows_it()
    {
        using TestAuthority authority = new("lab");
        ControlTls old = authority.Issue("h2"), renewed = authority.Issue("h2");
        await using Hosts hosts = new([null, authority.Issue("h1"), old]);
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));
        await using ControlSupervisor supervisor = new(hosts.Options(2, first.Endpoint));
        bool lost = false;
        supervisor.Lost += _ => Volatile.Write(ref lost, true);
        ControlSystem before = await supervisor.StartAsync();
        await Hosts.Until(() => IsWhole(first), () => Hosts.Describe(first));
        Assert.Equal(old.Certificate.SerialNumber, await ShownAsync(before.Endpoint, authority.Issue("h1")));

        await supervisor.RenewAsync(renewed);

        await Hosts.Until(() => supervisor.Current is { } now && now != before && IsWhole(now) && IsWhole(first), () => Hosts.Describe(first));
        Assert.Equal(before.Endpoint, supervisor.Current!.Endpoint);
        Assert.Equal(renewed.Certificate.SerialNumber, await ShownAsync(before.Endpoint, authority.Issue("h1")));
        Assert.False(Volatile.Read(ref lost));
        Assert.False(first.Ended.IsCompleted);
    }

    private static bool IsWhole(ControlSystem host) => host.Snapshot.Members.Count(static member => member.Status == MemberStatus.Up && member.IsReachable) == 2;

    // What a control port shows to another host.
    private static async Task<string> ShownAsync(ControlEndpoint at, ControlTls caller)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(at.Host, at.Port);
        await using SslStream stream = new(new NetworkStream(socket), leaveInnerStreamOpen: false);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = at.Host,
            ClientCertificates = [caller.Certificate],
#pragma warning disable CA5359 // What is shown is read, whatever it is.
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        });
        return ((X509Certificate2)stream.RemoteCertificate!).SerialNumber;
    }
}
