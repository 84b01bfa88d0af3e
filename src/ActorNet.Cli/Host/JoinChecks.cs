using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorNet.ApiServer.Joining;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;

namespace ActorNet.Cli.Host;

/// <summary>What a host finds wrong between itself and a cluster before it joins, each a sentence with what was found, what was expected and what to do.</summary>
internal static class JoinChecks
{
    // A host that was just lost is a member until the others have put it out.
    private const string RemedyForPorts = "Every host calls every other: open it in the firewalls between; if that host is gone, try again when `actornet status` of another shows it no more.";

    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(3);

    /// <summary>Clocks may differ by as much as certificates are dated back: with more, one that was just signed is not valid yet at the other end.</summary>
    public static TimeSpan MostSkew => CertificateAuthority.Backdate;

    /// <summary>Compares clocks.</summary>
    /// <param name="terms">What the other host said.</param>
    /// <param name="now">This host's clock when the answer came.</param>
    /// <param name="took">How long it took: the other clock was read at some time within.</param>
    public static IEnumerable<string> Clock(JoinTerms terms, DateTimeOffset now, TimeSpan took)
    {
        TimeSpan apart = terms.Time - (now - (took / 2));
        if (apart.Duration() - (took / 2) > MostSkew)
            yield return string.Create(CultureInfo.InvariantCulture, $"Clock: this host's is {apart.Duration().TotalSeconds:0} s {(apart < TimeSpan.Zero ? "ahead of" : "behind")} host {terms.Host}'s ({now.UtcDateTime:yyyy-MM-dd HH:mm:ss} and {terms.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC); at most {MostSkew.TotalSeconds:0} s are allowed. Set the clock, by NTP for instance.");
    }

    /// <summary>Tries whether the cluster and this host reach each other: every member's control port from here, this host's ports from there, and the tunnel.</summary>
    /// <param name="call">The host that lets in.</param>
    /// <param name="options">This host's options.</param>
    /// <param name="host">What it says of itself.</param>
    /// <param name="terms">What the cluster said.</param>
    /// <param name="ports">This host's ports.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>What is wrong, and the MTU that the path carries, at most the options'.</returns>
    public static async Task<(ImmutableArray<string> Problems, int Mtu)> ReachAsync(JoinCall call, HostOptions options, JoinApplication host, JoinTerms terms, JoinPorts ports, CancellationToken ct)
    {
        if (!IPEndPoint.TryParse(terms.Tunnel, out IPEndPoint? remote) || remote.AddressFamily != AddressFamily.InterNetwork || remote.Port == 0)
            return ([$"Tunnel: host {terms.Host} does not say where its tunnel ends ('{terms.Tunnel}'). Run the same actornet on all hosts."], 0);
        Task<string?[]> control = Task.WhenAll(terms.Seeds.Select(seed => ControlAsync(seed, ct)));
        int longest = await new JoinTunnel(ports.Tunnel, remote, ports.Number).LongestAsync(HostOptions.LeastUnderlayMtu, options.UnderlayMtu, ct).ConfigureAwait(false);
        JoinReach reach = await call.ReachAsync(host, ct).ConfigureAwait(false);
        return ([.. (await control.ConfigureAwait(false)).OfType<string>(), .. reach.Problems, .. OfTunnel(options, terms, reach, longest)], longest);
    }

    private static IEnumerable<string> OfTunnel(HostOptions options, JoinTerms terms, JoinReach reach, int longest)
    {
        string own = string.Create(CultureInfo.InvariantCulture, $"{options.Address}:{options.UnderlayPort}");
        if (longest == 0)
        {
            yield return reach.ProbesHeard == 0
                ? $"Tunnel: UDP datagrams from here do not arrive at host {terms.Host}'s {terms.Tunnel}. Open that port in its firewall and in those between; pods' traffic goes there."
                : $"Tunnel: UDP datagrams from here arrive at host {terms.Host}'s {terms.Tunnel}, but its answers do not arrive here at {own}: the tunnel is half open. Open that port in this machine's firewall and in those between, for any source port.";
        }
        else if (longest < HostOptions.LeastUnderlayMtu)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Path MTU: the path to host {terms.Host} carries packets of {longest} bytes at most, and {HostOptions.LeastUnderlayMtu} are needed: IPv4's 576 and 50 of the tunnel. Raise the MTU of the networks between.");
        }
        else if (longest < options.UnderlayMtu && options.IsUnderlayMtuGiven)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Path MTU: --underlay-mtu {options.UnderlayMtu} was given, and the path to host {terms.Host} carries packets of {longest} bytes at most. Give --underlay-mtu {longest}, or leave it out; or raise the MTU of the networks between.");
        }
    }

    private static async Task<string?> ControlAsync(string seed, CancellationToken ct)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(CallPatience);
        string advice = $"Ports: the cluster's control port {seed} cannot be reached from here";
        try
        {
            int colon = seed.LastIndexOf(':');
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(seed[..colon], int.Parse(seed.AsSpan(colon + 1), CultureInfo.InvariantCulture), limit.Token).ConfigureAwait(false);
            return null;
        }
        catch (SocketException e)
        {
            return $"{advice}: {e.Message}. {RemedyForPorts}";
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"{advice}: nothing comes back within {CallPatience.TotalSeconds:0} s. {RemedyForPorts}";
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            return $"{advice}: it is no HOST:PORT. Run the same actornet on all hosts.";
        }
    }
}
