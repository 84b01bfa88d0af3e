using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster.Tests;

/// <summary>Which versions run side by side while a cluster is upgraded, and what a host is told that may not come in.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ReleaseTests
{
    [Theory]
    [InlineData("0.1.0", "0.1.9", true)]
    [InlineData("0.1.0", "0.2.0", true)]
    [InlineData("0.3.4", "0.2.0", true)]
    [InlineData("0.1.0", "0.3.0", false)]
    [InlineData("1.2.0", "1.4.0", false)]
    [InlineData("0.2.0", "1.2.0", false)]
    public void One_minor_version_apart_is_near_enough(string one, string other, bool fits)
    {
        Release first = Parse(one), second = Parse(other);
        Assert.Equal(fits, first.RunsBeside(second));
        Assert.Equal(fits, second.RunsBeside(first));
        Assert.Equal(fits, Release.Misfit(first, "host n1", second) is null);
    }

    [Fact]
    public void What_is_said_of_others_has_both_versions_and_what_to_do()
    {
        Assert.Equal(
            "host n1 runs actornet 0.1.2, this host 0.3.0: in one cluster only versions run that are the same or one minor version apart (0.0 to 0.2 beside 0.1.2). Upgrade the cluster's hosts to 0.2 first, one by one and one minor version at a time, or start 0.1 here.",
            Release.Misfit(Parse("0.3.0"), "host n1", Parse("0.1.2")));
        Assert.EndsWith("Start 0.4 here.", Release.Misfit(Parse("0.1.0"), "host n1", Parse("0.4.0")), StringComparison.Ordinal);
        Assert.EndsWith("or give this host a cluster of its own.", Release.Misfit(Parse("1.0.0"), "host n1", Parse("0.9.0")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.2.3-beta+5", "1.2.3")]
    [InlineData("0.10.0", "0.10.0")]
    [InlineData("1.2", null)]
    [InlineData("1.2.3.4", null)]
    [InlineData("1.-2.3", null)]
    [InlineData("1.2.99999999999", null)]
    [InlineData(null, null)]
    public void A_release_is_three_numbers(string? text, string? read) => Assert.Equal(read, Release.TryParse(text, out Release release) ? release.ToString() : null);

    [Fact]
    public async Task A_host_comes_in_beside_the_version_before_and_is_refused_when_any_member_is_too_far_away()
    {
        await using Hosts hosts = new();
        ControlSystem first = await hosts.StartAsync(hosts.Options(1) with { Release = Parse("0.1.0") });
        ControlSystem second = await hosts.StartAsync(hosts.Options(2, first.Endpoint) with { Release = Parse("0.2.0") });
        await Hosts.Until(() => second.Snapshot.Find("h1")?.Release == Parse("0.1.0") && first.Snapshot.Find("h2")?.Release == Parse("0.2.0"), () => Hosts.Describe(first));

        // The host that is asked would fit.
        ControlStartException refused = await Assert.ThrowsAsync<ControlStartException>(() => ControlSystem.StartAsync(hosts.Options(3, second.Endpoint) with { Release = Parse("0.3.0") }));
        Assert.Equal(ControlStartError.VersionMismatch, refused.Error);
        Assert.Contains("host h1 of the cluster runs actornet 0.1.0, this host 0.3.0", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, first.Snapshot.Members.Length);
    }

    private static Release Parse(string text) => Release.TryParse(text, out Release release) ? release : throw new FormatException(text);
}
