using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Joining;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;
using ActorNet.Kubernetes.Bootstrap;
using k8s.Models;

namespace ActorNet.ApiServer.Tests.Joining;

/// <summary>How a host with a token comes into a cluster over HTTPS, and how everybody else does not.</summary>
public sealed class JoinTests
{
    [Fact]
    public async Task A_host_with_a_token_hears_the_terms_and_gets_a_certificate_that_is_a_nodes()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken token = await bed.TokenAsync(BootstrapTokens.DefaultLifetime);
        using JoinCall call = await bed.CallAsync(token.Token);
        using HostCertificates own = bed.OfHost("n2", forms: false);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        JoinTerms terms = await call.TermsAsync(JoinBed.Host(), default);
        JoinGrant grant = await call.CertificateAsync(JoinBed.Host(address: "127.0.0.1", request: own.RequestWith(key)), default);
        own.Keep(call.Authority, grant.Certificate, key);

        Assert.Empty(terms.Problems);
        Assert.Equal(("n1", "10.244.0.0/16", 24, "lab", "memory", bed.Time.GetUtcNow()), (terms.Host, terms.ClusterCidr, terms.NodeMask, terms.Profile, terms.Store, terms.Time));
        Assert.Equal(["192.168.56.11:4053"], terms.Seeds);
        Assert.Equal(bed.Certificates.Authority, call.Authority);
        using HostCredentials credentials = own.ObtainOwn();
        Assert.True(HostNames.IsNode(credentials.Certificate));
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = credentials.ServerPolicy();
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Certificate;
        using var http = new HttpClient(handler);
        using HttpResponseMessage nodes = await http.GetAsync(new Uri(bed.N1.ApiAddress, "/api/v1/nodes"));
        Assert.Equal(HttpStatusCode.OK, nodes.StatusCode);
        Assert.Equal(1, bed.Desk.Status.Admitted);
    }

    [Fact]
    public async Task Before_the_server_has_shown_the_authority_of_the_hash_the_token_is_not_told()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken token = await bed.TokenAsync();
        using var stranger = CertificateAuthority.Create(TimeProvider.System);
        var otherHash = AuthorityHash.Of(stranger.Certificate);

        JoinFailedException another = await Assert.ThrowsAsync<JoinFailedException>(() => JoinCall.OpenAsync(bed.N1.ApiAddress, otherHash, token.Token.ToString(), default));

        // Somebody between, who shows the cluster's own authority, for it is no secret, and has no certificate of it.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        JoinDesk listening = bed.DeskOf(bed.Certificates);
        HostFront between = await bed.FrontAsync(HostCredentials.Of(stranger.Certificate, stranger.SignHost(new System.Security.Cryptography.X509Certificates.PublicKey(key), new HostNames("n1", [])), key), listening);
        using JoinCall call = await bed.CallAsync(token.Token, between);
        JoinFailedException pretended = await Assert.ThrowsAsync<JoinFailedException>(() => call.TermsAsync(JoinBed.Host(), default));

        Assert.Contains($"{bed.Hash}", another.Message, StringComparison.Ordinal);
        Assert.Contains($"{otherHash} was expected", another.Message, StringComparison.Ordinal);
        Assert.Contains("the token was not told", pretended.Message, StringComparison.Ordinal);
        Assert.Empty(listening.Status.Refused);
        Assert.Equal(0, listening.Status.Admitted);
    }

    [Fact]
    public async Task Expired_used_deleted_and_mistyped_tokens_are_refused_in_words_and_counted()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken once = await bed.TokenAsync(TimeSpan.FromHours(2), uses: 1), brief = await bed.TokenAsync(TimeSpan.FromHours(1)), gone = await bed.TokenAsync();
        using JoinCall first = await bed.CallAsync(once.Token);
        await first.CertificateAsync(JoinBed.Host(request: JoinBed.Request("n2", "192.168.56.12")), default);

        const string makeOne = "`actornet token create` on a host of the cluster makes a new one", look = "`actornet token list` on a host of the cluster shows what there is";
        await RefusedAsync(bed, once.Token, $"As many hosts as may have joined with token {once.Token.Id}", makeOne);
        bed.Time.Advance(TimeSpan.FromHours(1));
        await RefusedAsync(bed, brief.Token, $"Token {brief.Token.Id} has expired", makeOne);
        Assert.True(await bed.Tokens.DeleteAsync(gone.Token.Id, default));
        Assert.False(await bed.Tokens.DeleteAsync(gone.Token.Id, default));
        await RefusedAsync(bed, gone.Token, $"The cluster has no token {gone.Token.Id} with this secret", look);
        // Who does not have the secret does not hear that the token is there, or over.
        await RefusedAsync(bed, brief.Token with { Secret = "0123456789abcdef" }, $"The cluster has no token {brief.Token.Id} with this secret");

        Assert.Equal((1, 1, 2, 1), (bed.Refused(JoinRefusal.UsedToken), bed.Refused(JoinRefusal.ExpiredToken), bed.Refused(JoinRefusal.UnknownToken), bed.Desk.Status.Admitted));
        // A new token takes those away whose time is over.
        await bed.TokenAsync();
        await RefusedAsync(bed, brief.Token, "The cluster has no token");
    }

    [Fact]
    public async Task Who_guesses_is_not_heard_for_a_minute_even_with_the_right_token()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken token = await bed.TokenAsync();
        for (int i = 0; i < 10; i++)
            await RefusedAsync(bed, new BootstrapToken("aaaaaa", $"{i:D16}"), "The cluster has no token");

        await RefusedAsync(bed, token.Token, "Too many wrong tokens came from 127.0.0.1");
        bed.Time.Advance(TimeSpan.FromSeconds(59));
        await RefusedAsync(bed, token.Token, "Try again in 1 s");
        bed.Time.Advance(TimeSpan.FromSeconds(1));
        using JoinCall call = await bed.CallAsync(token.Token);
        Assert.Empty((await call.TermsAsync(JoinBed.Host(), default)).Problems);
        Assert.Equal((10, 2), (bed.Refused(JoinRefusal.UnknownToken), bed.Refused(JoinRefusal.TooOften)));
    }

    [Fact]
    public async Task What_clashes_with_the_cluster_is_said_all_at_once_and_uses_no_token()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        bed.Nodes = [NodeOf("n1", "192.168.56.11", "10.244.0.0/24", "True"), NodeOf("n2", "192.168.56.12", "10.244.1.0/24", "True"), NodeOf("n3", "192.168.56.13", "10.244.2.0/24", "False")];
        KnownToken token = await bed.TokenAsync(uses: 1);
        using JoinCall call = await bed.CallAsync(token.Token);

        JoinTerms clashing = await call.TermsAsync(JoinBed.Host("n2", "192.168.56.11", "10.244.2.0/24"), default);
        Assert.Collection(
            clashing.Problems,
            name => Assert.StartsWith("Name: the cluster has a node n2 already, and it is Ready (192.168.56.12). Give this host another --name; if it is to replace that one, ", name, StringComparison.Ordinal),
            address => Assert.StartsWith("Address: node n1 has 192.168.56.11 already. Give this host an address of its own (--address, --node-ip); if n1 is gone for good, ", address, StringComparison.Ordinal),
            pods => Assert.StartsWith("Pod network: 10.244.2.0/24 overlaps 10.244.2.0/24, which node n3 has. Give another --pod-cidr, or leave it out", pods, StringComparison.Ordinal));
        Assert.Matches("^Version: host n1 of the cluster speaks version .* Start the actornet here that the cluster's hosts run", Assert.Single((await call.TermsAsync(JoinBed.Host() with { Protocol = 1 }, default)).Problems));
        // One of the hosts is not upgraded yet, and the next version but one does not run beside it.
        Assert.StartsWith("Version: host n2 of the cluster runs actornet 0.1.0, this host 0.3.0:", Assert.Single((await call.TermsAsync(JoinBed.Host("n4", "192.168.56.14") with { Release = "0.3.0" }, default)).Problems), StringComparison.Ordinal);
        Assert.Empty((await call.TermsAsync(JoinBed.Host("n4", "192.168.56.14") with { Release = "0.2.5" }, default)).Problems);
        Assert.StartsWith("Address: 10.244.9.9 lies in the pods' network 10.244.0.0/16", Assert.Single((await call.TermsAsync(JoinBed.Host("n4", "10.244.9.9"), default)).Problems), StringComparison.Ordinal);
        Assert.StartsWith("Pod network: 10.0.0.0/24 is no /24 of the cluster's", Assert.Single((await call.TermsAsync(JoinBed.Host("n4", "192.168.56.14", "10.0.0.0/24"), default)).Problems), StringComparison.Ordinal);
        // Both of its addresses stand in its certificate, so neither may be another's.
        JoinApplication fourth = JoinBed.Host("n4", "192.168.56.14");
        foreach (JoinApplication taken in new[] { fourth with { Address = "192.168.56.11" }, fourth with { NodeIp = "192.168.56.11" } })
            Assert.StartsWith("Address: node n1 has 192.168.56.11 already", Assert.Single((await call.TermsAsync(taken, default)).Problems), StringComparison.Ordinal);
        // As names in a certificate these would speak for others, or are none.
        foreach (string name in new[] { "*.example", "a..b", "n4.example", "N4", "localhost", "kubernetes", "", new string('n', 64) })
            Assert.StartsWith("Name: a DNS label", Assert.Single((await call.TermsAsync(fourth with { Name = name }, default)).Problems), StringComparison.Ordinal);

        JoinFailedException refused = await Assert.ThrowsAsync<JoinFailedException>(() => call.CertificateAsync(JoinBed.Host("n2", request: JoinBed.Request("n2", "192.168.56.12")), default));
        Assert.Contains("it is Ready", refused.Message, StringComparison.Ordinal);
        // Another's name, and another's address, in the certificate alone.
        await Assert.ThrowsAsync<JoinFailedException>(() => call.CertificateAsync(JoinBed.Host("n4", "192.168.56.14", request: JoinBed.Request("n1", "192.168.56.14")), default));
        await Assert.ThrowsAsync<JoinFailedException>(() => call.CertificateAsync(JoinBed.Host("n4", "192.168.56.14", request: JoinBed.Request("n4", "192.168.56.11")), default));
        Assert.Equal(3, bed.Refused(JoinRefusal.Unfit));

        // A node that is not Ready any more may be replaced, and the token has its one use still.
        await call.CertificateAsync(JoinBed.Host("n3", "192.168.56.13", "10.244.2.0/24", JoinBed.Request("n3", "192.168.56.13")), default);
        Assert.Equal(1, bed.Desk.Status.Admitted);
    }

    [Fact]
    public async Task A_hosts_ports_are_called_and_who_else_answers_there_is_told_apart()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken token = await bed.TokenAsync();
        using JoinCall call = await bed.CallAsync(token.Token);
        var number = Guid.NewGuid();
        using var own = new TcpListener(IPAddress.Loopback, 0);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        own.Start();
        other.Start();
        Task greeting = GreetAsync(own, number), lying = GreetAsync(other, Guid.NewGuid());
        JoinApplication host = JoinBed.Host(address: "127.0.0.1") with
        {
            Number = number,
            Ports = new Dictionary<string, int> { ["API"] = PortOf(own.LocalEndpoint), ["control"] = PortOf(other.LocalEndpoint), ["store"] = PortOf(closed.LocalEndPoint!) }.ToImmutableSortedDictionary(),
        };

        await call.TermsAsync(host, default);
        JoinReach reach = await call.ReachAsync(host, default);

        Assert.Equal((number, 7), (bed.Expected, reach.ProbesHeard));
        Assert.Collection(
            reach.Problems,
            control => Assert.StartsWith($"Ports: host n1 calls this host's control port at 127.0.0.1:{PortOf(other.LocalEndpoint)} in vain: somebody else answers there.", control, StringComparison.Ordinal),
            store => Assert.StartsWith($"Ports: host n1 calls this host's store port at 127.0.0.1:{PortOf(closed.LocalEndPoint!)} in vain: ", store, StringComparison.Ordinal));
        await Task.WhenAll(greeting, lying);
        // A stranger with a token has no more than so many ports called, and none without.
        JoinApplication scan = host with { Ports = Enumerable.Range(1, 5).ToImmutableSortedDictionary(static port => $"p{port}", static port => port) };
        await Assert.ThrowsAsync<JoinFailedException>(() => call.ReachAsync(scan, default));
        using JoinCall stranger = await bed.CallAsync(new BootstrapToken("aaaaaa", "0123456789abcdef"));
        await Assert.ThrowsAsync<JoinFailedException>(() => stranger.ReachAsync(host, default));
    }

    [Fact]
    public async Task Two_hosts_with_a_token_for_one_are_one_host()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken token = await bed.TokenAsync(uses: 1);
        using JoinCall call = await bed.CallAsync(token.Token);

        bool[] admitted = await Task.WhenAll(Enumerable.Range(2, 8).Select(async i =>
        {
            try
            {
                await call.CertificateAsync(JoinBed.Host($"n{i}", $"192.168.56.{10 + i}", request: JoinBed.Request($"n{i}", $"192.168.56.{10 + i}")), default);
                return true;
            }
            catch (JoinFailedException)
            {
                return false;
            }
        }));

        Assert.Single(admitted, true);
        Assert.Equal((1, 7), (bed.Desk.Status.Admitted, bed.Refused(JoinRefusal.UsedToken)));
    }

    [Fact]
    public async Task Junk_is_answered_with_400_counted_and_harmless()
    {
        await using JoinBed bed = await JoinBed.StartAsync();
        KnownToken token = await bed.TokenAsync();
        using var handler = new SocketsHttpHandler();
#pragma warning disable CA5359 // A stranger trusts anybody.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        using var http = new HttpClient(handler) { BaseAddress = bed.N1.ApiAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Token.ToString());
        var chance = new Random(7);
        var bodies = new List<byte[]> { Array.Empty<byte>(), "null"u8.ToArray(), "[]"u8.ToArray(), "{}"u8.ToArray(), Encoding.UTF8.GetBytes(new string('[', 5000)), new byte[100_000], """{"protocol":2,"name":null,"address":"1.2.3.4","nodeIp":"1.2.3.4"}"""u8.ToArray(), """{"protocol":2,"protocol":2,"name":"a","address":"1.2.3.4","nodeIp":"1.2.3.4"}"""u8.ToArray() };
        for (int i = 0; i < 100; i++)
        {
            byte[] junk = new byte[chance.Next(1, 300)];
            chance.NextBytes(junk);
            bodies.Add(junk);
        }

        foreach (byte[] body in bodies)
        {
            foreach (string path in new[] { JoinProtocol.TermsPath, JoinProtocol.CertificatePath })
            {
                using HttpResponseMessage answer = await http.PostAsync(new Uri(path, UriKind.Relative), new ByteArrayContent(body));
                Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            }
        }

        // Something that reads well and asks for a certificate of rubbish.
        using JoinCall call = await bed.CallAsync(token.Token);
        await Assert.ThrowsAsync<JoinFailedException>(() => call.CertificateAsync(JoinBed.Host(request: new byte[300]), default));
        await Assert.ThrowsAsync<JoinFailedException>(() => call.CertificateAsync(JoinBed.Host(), default));
        Assert.Equal((2L * bodies.Count, 2), (bed.Refused(JoinRefusal.BadRequest), bed.Refused(JoinRefusal.Unfit)));
        Assert.Empty((await call.TermsAsync(JoinBed.Host(), default)).Problems);
    }

    private static int PortOf(EndPoint at) => ((IPEndPoint)at).Port;

    private static async Task GreetAsync(TcpListener listener, Guid number)
    {
        using Socket caller = await listener.AcceptSocketAsync();
        await caller.SendAsync(PortGreeting.Of(number));
        await caller.ReceiveAsync(new byte[1]);
    }

    private static async Task RefusedAsync(JoinBed bed, BootstrapToken token, params string[] said)
    {
        using JoinCall call = await bed.CallAsync(token);
        JoinFailedException refused = await Assert.ThrowsAsync<JoinFailedException>(() => call.CertificateAsync(JoinBed.Host(request: JoinBed.Request("n2", "192.168.56.12")), default));
        Assert.All(said, words => Assert.Contains(words, refused.Message, StringComparison.Ordinal));
    }

    private static V1Node NodeOf(string name, string address, string pods, string ready) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1NodeSpec { PodCIDR = pods },
        Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = address }], Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }] },
    };
}
