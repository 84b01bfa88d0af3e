using ActorNet.Histories;

namespace ActorNet.Cluster.Tests.Histories;

public sealed class WatchAuditTests
{
    private static readonly ListVersion[] Story =
    [
        new(11, "a", TokenList.Of(1)), new(12, "b", TokenList.Of(2)), new(15, "a", TokenList.Of(1, 3)), new(16, "a", TokenList.Of(4)),
    ];

    [Fact]
    public void Watches_that_were_told_all_in_order_and_once_are_well() =>
        Assert.Empty(WatchAudit.Violations([new("w1", 10, 16, Story), new("w2", 12, 15, Story[2..]), new("w3", 10, 15, Story[..3])], [Story[1], Story[2]]));

    [Theory]
    [InlineData("was told ListVersion { Revision = 12, Key = b, List = [2] } once more", 0, 1, 1, 2, 3)]
    [InlineData("was told ListVersion { Revision = 12, Key = b, List = [2] } behind 15", 0, 2, 1, 3)]
    [InlineData("was not told ListVersion { Revision = 12, Key = b, List = [2] }, as a client was", 0, 2, 3)]
    [InlineData("was not told ListVersion { Revision = 15, Key = a, List = [1 3] }, as w2 was", 0, 1, 3)]
    [InlineData("was not told ListVersion { Revision = 16, Key = a, List = [4] }, as w2 was", 0, 1, 2)]
    public void What_is_missing_repeated_or_out_of_order_is_named(string expected, params int[] told)
    {
        string violation = Assert.Single(WatchAudit.Violations([new("w1", 10, 16, [.. told.Select(each => Story[each])]), new("w2", 10, 16, Story)], [Story[1]]));
        Assert.StartsWith($"w1 {expected}", violation, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_that_were_told_different_things_of_one_revision_are_named() => Assert.Contains(
        "w1 was told ListVersion { Revision = 12, Key = b, List = [9] }, a client ListVersion { Revision = 12, Key = b, List = [2] }",
        WatchAudit.Violations([new("w1", 10, 12, [Story[0], Story[1] with { List = TokenList.Of(9) }])], [Story[1]]));
}
