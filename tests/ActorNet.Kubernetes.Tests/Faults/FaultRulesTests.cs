using ActorNet.Dataplane.Links;
using ActorNet.Kubernetes.Faults;

namespace ActorNet.Kubernetes.Tests.Faults;

public sealed class FaultRulesTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void Sensible_orders_pass()
    {
        Assert.Null(FaultRules.Problem(Order(new ImpairmentSettings { Loss = 0.01, LossCorrelation = 0.25, Seed = ulong.MaxValue })));
        Assert.Null(FaultRules.Problem(Order(new ImpairmentSettings { Delay = Delay, Jitter = Delay, Reorder = 0.02 }) with { Peer = "n2", Direction = FaultDirection.Ingress }));
        Assert.Null(FaultRules.Problem(Order(new ImpairmentSettings { Cut = true }) with { Duration = TimeSpan.FromSeconds(30) }));
        Assert.Null(FaultRules.Problem(Order(new ImpairmentSettings { Cut = true }) with { Device = "control", Peer = "n2" }));
        Assert.Null(FaultRules.Problem(Order(new ImpairmentSettings { Delay = Delay }) with { Device = "control", Peer = "n2", Direction = FaultDirection.Egress }));
    }

    public static TheoryData<ImpairmentSettings, string> Wrong => new()
    {
        { ImpairmentSettings.None, "at least one of --cut" },
        { new() { Loss = 1.3 }, "--loss 130%: give a share" },
        { new() { Loss = double.NaN, Cut = true }, "--loss NaN%" },
        { new() { Delay = Delay, Duplicate = -0.1 }, "--duplicate -10%" },
        { new() { Reorder = 0.1 }, "--reorder 10%: needs a --delay" },
        { new() { Loss = 0.1, Burst = new BurstLoss(0.1, 0.5) }, "beside --burst" },
        { new() { Burst = new BurstLoss(0.1, 0.5), LossCorrelation = 0.1 }, "--loss-correlation 10%: needs a --loss" },
        { new() { Delay = TimeSpan.FromMinutes(2) }, "--delay 2m: give a time from 0 to 60s" },
        { new() { Delay = Delay, Distribution = JitterDistribution.Pareto }, "--distribution pareto: needs a --jitter" },
        { new() { Mtu = 60 }, "--mtu 60: give 68" },
        { new() { Cut = true, QueueLimit = int.MaxValue }, "queue limit" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Senseless_impairments_are_named_with_what_is_expected(ImpairmentSettings impairment, string said) =>
        Assert.Contains(said, FaultRules.Problem(Order(impairment)), StringComparison.Ordinal);

    [Theory]
    [InlineData("service/x", "eth0")]
    [InlineData("pod/", "eth0")]
    [InlineData("pod/a", "")]
    public void What_names_no_link_is_refused(string target, string device) =>
        Assert.Contains("names no link", FaultRules.Problem(Order(new ImpairmentSettings { Cut = true }) with { Target = target, Device = device }), StringComparison.Ordinal);

    [Fact]
    public void Control_links_take_a_cut_or_a_delay_and_a_peer()
    {
        FaultOrder cut = Order(new ImpairmentSettings { Cut = true }) with { Device = "control", Peer = "n2" };
        Assert.Contains("--peer is missing", FaultRules.Problem(cut with { Peer = null }), StringComparison.Ordinal);
        Assert.Contains("belong to hosts", FaultRules.Problem(cut with { Target = "pod/a" }), StringComparison.Ordinal);
        Assert.Contains("takes --cut or --delay only", FaultRules.Problem(cut with { Impairment = new ImpairmentSettings { Loss = 0.1 } }), StringComparison.Ordinal);
        Assert.Contains("exclude each other", FaultRules.Problem(cut with { Impairment = new ImpairmentSettings { Cut = true, Delay = Delay } }), StringComparison.Ordinal);
        Assert.Contains("--direction egress", FaultRules.Problem(cut with { Impairment = new ImpairmentSettings { Delay = Delay } }), StringComparison.Ordinal);
    }

    private static FaultOrder Order(ImpairmentSettings impairment) => new() { Target = "node/n1", Device = "flannel.1", Impairment = impairment };
}
