using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using ActorNet.ApiServer.Joining;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;
using ActorNet.Cluster.Membership;
using ActorNet.Kubernetes.Bootstrap;

namespace ActorNet.Cli.Host;

/// <summary>
/// Brings a host that is in no cluster into one: what stands against it is said all at once, and nothing is written anywhere before its certificate is there. Afterwards it
/// starts as every host does.
/// </summary>
internal static class HostJoin
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), Pause = TimeSpan.FromSeconds(1);

    /// <summary>Joins.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="server">The API's base address on a host of the cluster.</param>
    /// <param name="token">What is shown.</param>
    /// <param name="hash">The authority's hash.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The cluster, which is written in the state directory.</returns>
    /// <exception cref="UsageException">It does not fit, or is refused; the state directory is as it was.</exception>
    public static async Task<ClusterRecord> RunAsync(HostOptions options, Uri server, BootstrapToken token, AuthorityHash hash, TimeProvider time, CancellationToken ct)
    {
        RequireDirectory(options.StateDirectory, hash);
        await HostEndpoint.RequireFreeAsync(options.StateDirectory).ConfigureAwait(false);
        try
        {
            using var ports = JoinPorts.Open(options, Guid.NewGuid());
            using JoinCall call = await JoinCall.OpenAsync(server, hash, token.ToString(), ct).ConfigureAwait(false);
            JoinApplication host = Application(options, ports);
            long asked = time.GetTimestamp();
            JoinTerms terms = await PatientlyAsync(() => call.TermsAsync(host, ct), time, ct).ConfigureAwait(false);
            ImmutableArray<string> problems = [.. terms.Problems, .. JoinChecks.Clock(terms, time.GetUtcNow(), time.GetElapsedTime(asked))];
            int mtu = 0;
            // What another version says may mean something else.
            if (terms.Protocol == JoinProtocol.Version)
            {
                (ImmutableArray<string> unreached, mtu) = await JoinChecks.ReachAsync(call, options, host, terms, ports, ct).ConfigureAwait(false);
                problems = problems.AddRange(unreached);
            }

            if (problems.Length > 0)
                throw new UsageException($"Host {options.Name} does not fit the cluster of {server.Authority}; nothing was changed.\n{string.Join('\n', problems.Select(static problem => "  " + problem))}");
            if (mtu < options.UnderlayMtu)
                Console.WriteLine($"{options.Name}: the path to {terms.Host} carries packets of {mtu} bytes, so pods' devices have an MTU of {mtu - 50}");
            // What is to be kept must fit, before a use of the token is counted for it.
            await HostEndpoint.ClaimAsync(options.StateDirectory).ConfigureAwait(false);
            return await AdmittedAsync(call, options, host, terms, mtu, time, ct).ConfigureAwait(false);
        }
        catch (JoinFailedException e)
        {
            throw new UsageException($"{e.Message} Nothing was changed on this host.");
        }
    }

    /// <summary>A base address from HOST or HOST:PORT.</summary>
    /// <param name="text">What was given.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public static Uri Server(string text)
    {
        string whole = text.Contains(':', StringComparison.Ordinal) ? text : $"{text}:{HostOptions.DefaultApiPort}";
        return Uri.TryCreate($"https://{whole}/", UriKind.Absolute, out Uri? server) && server.Port > 0 && server.AbsolutePath == "/" && server.UserInfo.Length == 0
            ? server
            : throw new UsageException($"{text}: not the address of a host's API. Give HOST or HOST:PORT, as 192.168.56.11:{HostOptions.DefaultApiPort}.");
    }

    /// <summary>The address that this machine would speak to a host from, and the machine's own name: what a host is when nothing is said.</summary>
    /// <param name="server">The host.</param>
    public static Commands.HostPreset Preset(Uri server)
    {
        string name = Dns.GetHostName().Split('.')[0].ToLowerInvariant();
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            // Sends nothing: it asks the kernel for the route.
            socket.Connect(server.Host, server.Port);
            return new Commands.HostPreset(name, ((IPEndPoint)socket.LocalEndPoint!).Address.ToString());
        }
        catch (SocketException)
        {
            return new Commands.HostPreset(name, null);
        }
    }

    private static void RequireDirectory(string directory, AuthorityHash hash)
    {
        try
        {
            if (new CertificateFiles(directory).LoadCertificate("ca.crt") is { } authority && AuthorityHash.Of(authority) != hash)
                throw new UsageException($"--state-dir {directory} is of another cluster: pki/ca.crt has the hash {AuthorityHash.Of(authority)}, and {hash} was given. Give another --state-dir, or remove that one if its cluster is gone.");
        }
        catch (InvalidDataException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static async Task<ClusterRecord> AdmittedAsync(JoinCall call, HostOptions options, JoinApplication host, JoinTerms terms, int mtu, TimeProvider time, CancellationToken ct)
    {
        var certificates = new HostCertificates(options.StateDirectory, HostSecurity.NamesOf(options), new MemberSigningPolicy(), time);
        using (certificates)
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            JoinApplication asking = host with { SigningRequest = certificates.RequestWith(key) };
            JoinGrant grant = await PatientlyAsync(() => call.CertificateAsync(asking, ct), time, ct).ConfigureAwait(false);
            try
            {
                certificates.Keep(call.Authority, grant.Certificate, key);
                var record = ClusterRecord.OfJoined(options, call.Authority, terms) with { UnderlayMtu = mtu };
                record.Save(options.StateDirectory);
                return record;
            }
            catch (Exception e) when (e is SigningRefusedException or CryptographicException or IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"--state-dir {options.StateDirectory}: {e.Message}");
            }
        }
    }

    private static JoinApplication Application(HostOptions options, JoinPorts ports) => new()
    {
        Protocol = JoinProtocol.Version,
        Release = Release.Own.ToString(),
        Name = options.Name,
        Address = options.Address.ToString(),
        NodeIp = options.NodeIp.ToString(),
        // A host that comes with its state directory wants the pods' network that it had.
        PodCidr = HostIdentity.Find(options)?.PodCidr ?? options.PodCidr?.ToString(),
        Number = ports.Number,
        Ports = ports.Tcp,
    };

    // While the API moves from one host to another it cannot say whether a token counts.
    private static async Task<T> PatientlyAsync<T>(Func<Task<T>> ask, TimeProvider time, CancellationToken ct)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (JoinFailedException e) when (e.MayChange && time.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(Pause, time, ct).ConfigureAwait(false);
            }
        }
    }
}
