using ActorNet.Workloads.Inspection;

namespace ActorNet.Workloads.Tests.Inspection;

public sealed class NaturalNameComparerTests
{
    /// <summary>The order in which `ifconfig -a -s` of net-tools 2.10 listed two bridges of these names, whichever was made first.</summary>
    [Theory]
    [InlineData("veth14ce3424", "veth3b18441b")]
    [InlineData("d9", "d10")]
    [InlineData("d1", "d09")]
    [InlineData("d10b", "d2a")]
    [InlineData("x1a2", "x1b1")]
    [InlineData("x12", "x1a")]
    [InlineData("x1", "xa")]
    public void Names_are_listed_as_ifconfig_lists_them(string first, string second)
    {
        Assert.True(NaturalNameComparer.Instance.Compare(first, second) < 0);
        Assert.True(NaturalNameComparer.Instance.Compare(second, first) > 0);
    }
}
