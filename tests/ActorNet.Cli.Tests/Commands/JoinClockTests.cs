using ActorNet.Cli.Host;
using ActorNet.Cluster.Joining;

namespace ActorNet.Cli.Tests.Commands;

/// <summary>Certificates are dated back by five minutes (kubernetes pkg/controller/certificates/authority): what is further apart is refused, whatever the answer took.</summary>
public sealed class JoinClockTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0, "")]
    [InlineData(300, 0, "")]
    [InlineData(-300, 0, "")]
    [InlineData(301, 0, "this host's is 301 s behind host n1's (2026-06-01 12:00:00 and 2026-06-01 12:05:01 UTC); at most 300 s are allowed")]
    [InlineData(-301, 0, "this host's is 301 s ahead of host n1's (2026-06-01 12:00:00 and 2026-06-01 11:54:59 UTC); at most 300 s are allowed")]
    [InlineData(301, 4, "")]
    public void Clocks_that_are_too_far_apart_are_named(int apart, int took, string said)
    {
        var terms = new JoinTerms { Protocol = 1, Host = "n1", Time = Now.AddSeconds(apart), ClusterCidr = "10.244.0.0/16", NodeMask = 24, Profile = "lab", Store = "memory", Seeds = [] };
        // The other clock was read in the middle of the time that the answer took, or at any other moment of it.
        string problem = string.Join('\n', JoinChecks.Clock(terms, Now.AddSeconds(took / 2.0), TimeSpan.FromSeconds(took)));
        if (said.Length == 0)
            Assert.Empty(problem);
        else
            Assert.Contains($"{said}. Set the clock", problem, StringComparison.Ordinal);
    }
}
