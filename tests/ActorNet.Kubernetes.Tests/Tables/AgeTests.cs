using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Tests.Tables;

/// <summary>The cases of apimachinery pkg/util/duration/duration_test.go, TestHumanDuration.</summary>
public sealed class AgeTests
{
    [Theory]
    [InlineData(1, "1s")]
    [InlineData(70, "70s")]
    [InlineData(190, "3m10s")]
    [InlineData(600, "10m")]
    [InlineData(47 * 60, "47m")]
    [InlineData(181 * 60, "3h1m")]
    [InlineData(180 * 60, "3h")]
    [InlineData(9 * 3600, "9h")]
    [InlineData(49 * 3600, "2d1h")]
    [InlineData(48 * 3600, "2d")]
    [InlineData(192 * 3600, "8d")]
    [InlineData(729 * 24 * 3600, "729d")]
    [InlineData(731L * 24 * 3600, "2y1d")]
    [InlineData(3 * 365L * 24 * 3600, "3y")]
    [InlineData(9 * 365L * 24 * 3600, "9y")]
    [InlineData(0, "0s")]
    [InlineData(-3, "<invalid>")]
    public void Durations_are_short(long seconds, string expected) => Assert.Equal(expected, Age.Of(TimeSpan.FromSeconds(seconds)));
}
