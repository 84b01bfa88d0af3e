using System.Globalization;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;

namespace ActorNet.Cli.Host;

/// <summary>What a host finds wrong between itself and a cluster before it joins, each a sentence with what was found, what was expected and what to do.</summary>
internal static class JoinChecks
{
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
}
