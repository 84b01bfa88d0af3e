using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;
using ActorNet.Cluster.Membership;
using ActorNet.Kubernetes.Bootstrap;
using ActorNet.Kubernetes.Errors;
using ActorNet.Node;
using Akka.Actor;

namespace ActorNet.Cli.Host;

/// <summary>A token that is to be made.</summary>
/// <param name="Seconds">How long it lives; 0: for ever.</param>
/// <param name="Uses">How many hosts may come by it; null: any number.</param>
/// <param name="Description">For people.</param>
public sealed record TokenOrder(long Seconds, int? Uses, string Description);

/// <summary>A token that was made.</summary>
/// <param name="Token">id.secret.</param>
/// <param name="JoinCommand">What another machine joins by.</param>
public sealed record TokenMade(string Token, string JoinCommand);

/// <summary>A token in a list; secrets are shown only when they are made.</summary>
/// <param name="Id">Its identifier.</param>
/// <param name="Expires">When it ends; null: never.</param>
/// <param name="IsOver">Whether that is past.</param>
/// <param name="UsesLeft">How many hosts may still come by it; null: any number.</param>
/// <param name="Description">For people.</param>
public sealed record TokenRow(string Id, DateTimeOffset? Expires, bool IsOver, int? UsesLeft, string Description);

/// <summary>How further hosts come into the cluster by this one.</summary>
internal sealed class HostAdmission : ITunnelProbes
{
    /// <summary>How many hosts are remembered; those that were seen last come first.</summary>
    private const int MostPeers = 64;

    private static readonly TimeSpan RememberAgain = TimeSpan.FromSeconds(5);

    private readonly HostOptions _options;
    private readonly NodeHost _node;
    private readonly ClusterNodes _cluster;
    private readonly HostCertificates _certificates;
    private readonly BootstrapTokens _tokens;

    /// <summary>Makes it.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="node">The node, whose tunnel sends probes back.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="certificates">The host's certificates.</param>
    public HostAdmission(HostOptions options, NodeHost node, ClusterNodes cluster, HostCertificates certificates)
    {
        (_options, _node, _cluster, _certificates) = (options, node, cluster, certificates);
        _tokens = new BootstrapTokens(cluster.Api.Client("kubeadm"), () => cluster.Secrets, TimeProvider.System);
        Desk = options.ControlTls ? new JoinDesk(_tokens, certificates, Terms, () => cluster.Nodes, this, TimeProvider.System) : null;
    }

    /// <summary>Lets hosts in that show a token; null: control links are plain, so no host needs a certificate before it joins.</summary>
    public JoinDesk? Desk { get; }

    /// <summary>The line by which others join, with a new token, for the host that forms the cluster; null: another host, one whose output is not for people, or there is none to be had now.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<string?> FirstLineAsync(CancellationToken ct)
    {
        if (!_options.Init || Desk is null || _options.LogFile is not null || _options.EndsWithStandardInput || _options.JsonLog)
            return null;
        try
        {
            return (await CreateAsync(new TokenOrder((long)BootstrapTokens.DefaultLifetime.TotalSeconds, null, "made by actornet node --init"), ct).ConfigureAwait(false)).JoinCommand;
        }
        catch (UsageException)
        {
            // `actornet token create` makes one when the API answers.
            return null;
        }
    }

    /// <summary>Keeps in the state directory by whom the host finds back into the cluster, until it stops.</summary>
    /// <param name="ct">The host stops.</param>
    public async Task RememberAsync(CancellationToken ct)
    {
        try
        {
            ImmutableArray<string> known = _options.Seeds;
            var hosts = new Dictionary<string, string>(StringComparer.Ordinal);
            while (true)
            {
                try
                {
                    ImmutableArray<string> now = Ways(known, hosts);
                    // The last way is kept, whoever was there: without any a host does not begin to look.
                    if (!now.IsEmpty && !now.ToHashSet(StringComparer.Ordinal).SetEquals(known) && IsRemembered(now))
                        known = now;
                }
                catch (Exception e) when (e is UsageException or IOException or UnauthorizedAccessException)
                {
                    // What was written before still leads back, as long as one of those hosts is there.
                }

                await Task.Delay(RememberAgain, TimeProvider.System, ct).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    // Only this host writes them.
    private bool IsRemembered(ImmutableArray<string> peers)
    {
        if (Desk is null)
            KnownPeers.Save(_options.StateDirectory, peers);
        else if (ClusterRecord.Load(_options.StateDirectory) is { } record)
            (record with { Seeds = peers }).Save(_options.StateDirectory);
        else
            return false;
        return true;
    }

    // Who stopped in order stays a way back: where all hosts are stopped one after the other, the last one would know nobody. Who left for good does not: another
    // cluster's host may be there one day. Whose address it was is known while this process has seen him.
    private ImmutableArray<string> Ways(ImmutableArray<string> before, Dictionary<string, string> hosts)
    {
        IReadOnlyList<ControlMember> members = _cluster.Status.Members;
        foreach (ControlMember member in members)
            hosts[member.Endpoint.ToString()] = member.Name;
        return [.. _cluster.Peers.Union(before, StringComparer.Ordinal)
            .Where(way => !hosts.TryGetValue(way, out string? host) || members.Any(member => member.Name == host) || !_cluster.HasNoNode(host)).Take(MostPeers)];
    }

    /// <summary>Makes a token.</summary>
    /// <param name="order">Which.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It cannot be.</exception>
    public Task<TokenMade> CreateAsync(TokenOrder order, CancellationToken ct) => AskAsync(async () =>
    {
        if (!_certificates.CanSign)
            throw new UsageException($"host {_options.Name} does not have the authority's key, so nobody can join by it: make the token on the host that formed the cluster or on one that keeps its objects (the store's members of `actornet status`), or copy that one's pki/ca.crt and pki/ca.key into {_certificates.Files.Directory} and start this one again.");
        KnownToken made = await _tokens.CreateAsync(order.Seconds == 0 ? null : TimeSpan.FromSeconds(order.Seconds), order.Uses, order.Description, ct).ConfigureAwait(false);
        string port = _options.ApiPort == HostOptions.DefaultApiPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{_options.ApiPort}");
        return new TokenMade(made.Token.ToString(), $"actornet join {_options.Address}{port} --token {made.Token} --ca-hash {AuthorityHash.Of(_certificates.Authority!)}");
    });

    /// <summary>Every token, as this host has heard of them.</summary>
    /// <exception cref="UsageException">Nobody joins with tokens here.</exception>
    public Task<TokenRow[]> ListAsync() => AskAsync(() =>
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return Task.FromResult(_tokens.List().Select(token => new TokenRow(token.Token.Id, token.Expires, token.IsOver(now), token.UsesLeft, token.Description)).ToArray());
    });

    /// <summary>Deletes a token.</summary>
    /// <param name="id">Its identifier, or all of it.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">There is none.</exception>
    public Task<int> DeleteAsync(string id, CancellationToken ct) => AskAsync(async () =>
    {
        string bare = BootstrapToken.TryParse(id, out BootstrapToken whole) ? whole.Id : id;
        if (!BootstrapToken.IsId(bare))
            throw new UsageException($"{id}: not a token's identifier: six small letters and digits were expected, as abcdef.");
        return await _tokens.DeleteAsync(bare, ct).ConfigureAwait(false) ? 0 : throw new UsageException($"token {bare}: not found. `actornet token list` shows what there is.");
    });

    /// <inheritdoc/>
    public void Expect(Guid number, IPAddress asker) => _node.ExpectProbes(number, asker.ToString());

    /// <inheritdoc/>
    public async Task<int> HeardAsync(Guid number, CancellationToken cancel)
    {
        try
        {
            return await _node.ProbesHeardAsync(number, cancel).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            throw new JoinRefusedException(JoinRefusal.NotNow, $"The tunnel of host {_options.Name} does not say whether probes came: the host has more to do than it can. Try again in a moment, or join by another host.") { RetryAfterSeconds = 1 };
        }
    }

    private JoinTerms Terms() => new()
    {
        Protocol = JoinProtocol.Version,
        Host = _options.Name,
        Releases = _cluster.Releases,
        Time = TimeProvider.System.GetUtcNow(),
        ClusterCidr = _options.ClusterCidr.ToString(),
        NodeMask = _options.NodeMask,
        Profile = _options.Profile,
        Store = _options.Store,
        Seeds = _cluster.Seeds,
        Tunnel = _node.LocalEndpoint.ToString(),
    };

    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        if (Desk is null)
            throw new UsageException($"host {_options.Name} has plain control links (--control-links plain, the default on loopback): hosts join without a token, by `actornet join {_options.Address}:{_options.ControlPort}`.");
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (ApiException e)
        {
            throw new UsageException($"the cluster's API refuses: {e.Message}");
        }
    }
}
