using ActorNet.Kubernetes.Kubelet.Volumes;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>When a pod's token is asked for anew (kubernetes pkg/kubelet/token/token_manager.go; the first four cases are token_manager_test.go's TestRequiresRefresh).</summary>
public sealed class PodTokenTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(10 * 60, 60 * 60, false)]
    [InlineData(50 * 60, 60 * 60, true)]
    [InlineData(25 * 3600, 60 * 3600, true)]
    [InlineData(70 * 60, 60 * 60, true)]
    // 20 % of 3607 s, in whole seconds: 721.
    [InlineData(3607 - 721, 3607, false)]
    [InlineData(3607 - 720, 3607, true)]
    [InlineData(480, 600, false)]
    [InlineData(481, 600, true)]
    public void A_token_is_asked_for_anew_when_four_fifths_of_its_time_are_over_or_it_is_a_day_old(int age, int lifetime, bool isDue) =>
        Assert.Equal(isDue, new PodToken("", lifetime, "eyJ", null) { Expires = Start.AddSeconds(lifetime) }.NeedsRefresh(Start.AddSeconds(age), TimeSpan.Zero));

    [Theory]
    [InlineData(470, false)]
    [InlineData(471, true)]
    public void Chance_brings_it_forward_by_ten_seconds_at_most(int age, bool isDue) =>
        Assert.Equal(isDue, new PodToken("", 600, "eyJ", null) { Expires = Start.AddSeconds(600) }.NeedsRefresh(Start.AddSeconds(age), PodToken.MaxJitter));
}
