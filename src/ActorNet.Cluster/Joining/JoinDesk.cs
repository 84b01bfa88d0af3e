using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using ActorNet.Cluster.Certificates;
using ActorNet.Kubernetes.Bootstrap;
using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Cluster.Joining;

/// <summary>What happened at a host's <see cref="JoinDesk"/> since it started.</summary>
/// <param name="Admitted">Hosts that got a certificate.</param>
/// <param name="Refused">How often somebody was refused, by reason.</param>
public sealed record JoinStatus(long Admitted, ImmutableSortedDictionary<string, long> Refused);

/// <summary>
/// Lets hosts into the cluster that show a token: says what the cluster is like and what stands against them, and signs their certificate. Every host has
/// one; whoever comes is a stranger until his token was found. For any thread.
/// </summary>
/// <param name="tokens">The cluster's tokens.</param>
/// <param name="certificates">Signs.</param>
/// <param name="terms">What the cluster is like now, without problems.</param>
/// <param name="nodes">The cluster's Nodes.</param>
/// <param name="probes">This host's tunnel.</param>
/// <param name="time">The clock.</param>
public sealed class JoinDesk(BootstrapTokens tokens, HostCertificates certificates, Func<JoinTerms> terms, Func<ImmutableArray<V1Node>> nodes, ITunnelProbes probes, TimeProvider time)
{
    /// <summary>How many hosts are attended to at once.</summary>
    public const int MostAtOnce = 16;

    private readonly GuessLimit _guesses = new(time);
    private readonly long[] _refused = new long[Enum.GetValues<JoinRefusal>().Length];
    private long _admitted;
    private int _underWay;

    /// <summary>The authority's certificate in DER, which is no secret; null while it is not known.</summary>
    public byte[]? Authority => certificates.Authority;

    /// <summary>What happened.</summary>
    public JoinStatus Status => new(
        Interlocked.Read(ref _admitted),
        Enum.GetValues<JoinRefusal>().Where(why => Interlocked.Read(ref _refused[(int)why]) > 0).ToImmutableSortedDictionary(static why => why.ToString(), why => Interlocked.Read(ref _refused[(int)why]), StringComparer.Ordinal));

    /// <summary>Says what the cluster is like and what stands against a host. Nothing changes by it.</summary>
    /// <param name="host">What it says of itself.</param>
    /// <param name="token">What it shows; null: nothing.</param>
    /// <param name="from">Where the request came from.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="JoinRefusedException">Its token does not count.</exception>
    public Task<JoinTerms> HearAsync(JoinApplication host, string? token, IPAddress from, CancellationToken cancel) => CountedAsync(async () =>
    {
        await RequireAsync(token, use: false, from, cancel).ConfigureAwait(false);
        ArgumentNullException.ThrowIfNull(host);
        if (host.Number != default)
            probes.Expect(host.Number, from);
        JoinTerms now = terms() with { Time = time.GetUtcNow() };
        return now with { Problems = [.. JoinRules.Problems(host, now, nodes())] };
    });

    /// <summary>Calls a host's ports, and says how many of its tunnel's probes came.</summary>
    /// <param name="host">What it says of itself.</param>
    /// <param name="token">What it shows; null: nothing.</param>
    /// <param name="from">Where the request came from.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="JoinRefusedException">Its token does not count.</exception>
    public Task<JoinReach> ReachAsync(JoinApplication host, string? token, IPAddress from, CancellationToken cancel) => CountedAsync(async () =>
    {
        ArgumentNullException.ThrowIfNull(host);
        await RequireAsync(token, use: false, from, cancel).ConfigureAwait(false);
        if (!IPAddress.TryParse(host.Address, out IPAddress? address) || host.Ports.Count > JoinApplication.MostPorts || host.Ports.Values.Any(static port => port is < 1 or > 65535))
            throw new JoinRefusedException(JoinRefusal.Unfit, $"Ports: an IPv4 address and at most {JoinApplication.MostPorts} ports were expected.");
        string own = terms().Host;
        string?[] problems = await Task.WhenAll(host.Ports.Select(port => PortGreeting.CallAsync(own, address, port.Key, port.Value, host.Number, cancel))).ConfigureAwait(false);
        return new JoinReach([.. problems.OfType<string>()], await probes.HeardAsync(host.Number, cancel).ConfigureAwait(false));
    });

    /// <summary>Lets a host in.</summary>
    /// <param name="host">What it says of itself.</param>
    /// <param name="token">What it shows; null: nothing.</param>
    /// <param name="from">Where the request came from.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="JoinRefusedException">It does not.</exception>
    public Task<JoinGrant> AdmitAsync(JoinApplication host, string? token, IPAddress from, CancellationToken cancel) => CountedAsync(async () =>
    {
        ArgumentNullException.ThrowIfNull(host);
        await RequireAsync(token, use: false, from, cancel).ConfigureAwait(false);
        string[] problems = [.. JoinRules.Problems(host, terms(), nodes())];
        if (problems.Length > 0)
            throw new JoinRefusedException(JoinRefusal.Unfit, string.Join('\n', problems));
        if (!certificates.CanSign)
            throw new JoinRefusedException(JoinRefusal.NotNow, $"Host {terms().Host} does not have the authority's key (pki/ca.key in its state directory) and cannot sign. Join by the address of a host that has it: the one that formed the cluster, or one that keeps its objects (`actornet status` there shows the store's members).");
        SigningRequest request = Read(host);
        // Counted last: a host that is refused has not used its token.
        await RequireAsync(token, use: true, from, cancel).ConfigureAwait(false);
        byte[] signed = certificates.Sign(request);
        Interlocked.Increment(ref _admitted);
        return new JoinGrant(signed);
    });

    /// <summary>Counts what never became an application.</summary>
    /// <param name="message">Why.</param>
    public JoinRefusedException BadRequest(string message)
    {
        Interlocked.Increment(ref _refused[(int)JoinRefusal.BadRequest]);
        return new JoinRefusedException(JoinRefusal.BadRequest, message);
    }

    private static SigningRequest Read(JoinApplication host)
    {
        try
        {
            var request = SigningRequest.Read(host.Name, host.SigningRequest ?? []);
            // A certificate of an address that was not judged would let its host speak for another.
            string[] own = [host.Address, host.NodeIp];
            return request.Names.Addresses.FirstOrDefault(address => !own.Contains(address.ToString())) is { } foreign
                ? throw new JoinRefusedException(JoinRefusal.Unfit, $"Certificate: the signing request asks for {foreign}, which is none of the host's addresses {host.Address} and {host.NodeIp}.")
                : request;
        }
        catch (SigningRefusedException e)
        {
            throw new JoinRefusedException(JoinRefusal.Unfit, $"Certificate: {e.Message}.");
        }
    }

    private async Task RequireAsync(string? text, bool use, IPAddress from, CancellationToken cancel)
    {
        if (_guesses.Wait(from) is { Ticks: > 0 } wait)
        {
            int seconds = (int)Math.Ceiling(wait.TotalSeconds);
            throw new JoinRefusedException(JoinRefusal.TooOften, string.Create(CultureInfo.InvariantCulture, $"Too many wrong tokens came from {from} within a minute. Try again in {seconds} s.")) { RetryAfterSeconds = seconds };
        }

        if (!BootstrapToken.TryParse(text, out BootstrapToken token))
        {
            _guesses.Wrong(from);
            throw new JoinRefusedException(JoinRefusal.NoToken, "No token was shown, or none of the form [a-z0-9]{6}.[a-z0-9]{16}. `actornet token create` on a host of the cluster makes one.");
        }

        TokenDefect? defect;
        try
        {
            defect = await tokens.JudgeAsync(token, use, cancel).ConfigureAwait(false);
        }
        catch (ApiException e)
        {
            throw new JoinRefusedException(JoinRefusal.NotNow, $"The cluster's API cannot say whether the token counts: {e.Message}. Try again in a moment.") { RetryAfterSeconds = 1 };
        }

        if (defect is not { } found)
            return;
        _guesses.Wrong(from);
        throw found switch
        {
            TokenDefect.Expired => new JoinRefusedException(JoinRefusal.ExpiredToken, $"Token {token.Id} has expired. `actornet token create` on a host of the cluster makes a new one."),
            TokenDefect.UsedUp => new JoinRefusedException(JoinRefusal.UsedToken, $"As many hosts as may have joined with token {token.Id}. `actornet token create` on a host of the cluster makes a new one."),
            _ => new JoinRefusedException(JoinRefusal.UnknownToken, $"The cluster has no token {token.Id} with this secret: it was mistyped or deleted, or is another cluster's. `actornet token list` on a host of the cluster shows what there is."),
        };
    }

    private async Task<T> CountedAsync<T>(Func<Task<T>> answer)
    {
        try
        {
            if (Interlocked.Increment(ref _underWay) > MostAtOnce)
                throw new JoinRefusedException(JoinRefusal.TooOften, $"{MostAtOnce} hosts are joining by this one at this moment. Try again in a moment.") { RetryAfterSeconds = 1 };
            return await answer().ConfigureAwait(false);
        }
        catch (JoinRefusedException e)
        {
            Interlocked.Increment(ref _refused[(int)e.Why]);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
