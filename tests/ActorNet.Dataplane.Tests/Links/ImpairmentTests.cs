using ActorNet.Dataplane.Links;

namespace ActorNet.Dataplane.Tests.Links;

/// <summary>Statistics over fixed seeds: bounds of five standard deviations, which a wrong implementation leaves.</summary>
public sealed class ImpairmentTests
{
    private const int Frames = 200_000;

    [Fact]
    public void The_same_seed_gives_each_flow_the_same_fates_however_flows_interleave()
    {
        var settings = new ImpairmentSettings
        {
            Seed = 7,
            Loss = 0.2,
            LossCorrelation = 0.3,
            Duplicate = 0.1,
            Corrupt = 0.1,
            Reorder = 0.2,
            Delay = TimeSpan.FromMilliseconds(10),
            Jitter = TimeSpan.FromMilliseconds(3),
            Distribution = JitterDistribution.ParetoNormal,
        };
        var oneAfterTheOther = new Impairment("veth1>cni0", settings);
        Fate[] a = Take(oneAfterTheOther, 1, 1000);
        Fate[] b = Take(oneAfterTheOther, 2, 1000);
        var mixed = new Impairment("veth1>cni0", settings);
        var random = new Random(3);
        var mixedA = new List<Fate>();
        var mixedB = new List<Fate>();
        while (mixedA.Count < 1000 || mixedB.Count < 1000)
        {
            if (mixedB.Count == 1000 || (mixedA.Count < 1000 && random.Next(2) == 0))
                mixedA.Add(mixed.Next(1));
            else
                mixedB.Add(mixed.Next(2));
        }

        Assert.Equal(a, mixedA);
        Assert.Equal(b, mixedB);
        Assert.NotEqual(a, b);
        Assert.NotEqual(a, Take(new Impairment("cni0>veth1", settings), 1, 1000));
        Assert.NotEqual(a, Take(new Impairment("veth1>cni0", settings with { Seed = 8 }), 1, 1000));
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.3)]
    [InlineData(1.0)]
    public void Random_loss_has_its_rate_and_no_memory(double loss)
    {
        bool[] lost = Losses(new ImpairmentSettings { Loss = loss, Seed = 1 });
        AssertRate(loss, lost.Count(l => l), Frames);
        if (loss < 1)
            Assert.InRange(Correlation(lost), -0.012, 0.012);
    }

    [Fact]
    public void Correlated_loss_keeps_its_rate_and_has_its_correlation()
    {
        bool[] lost = Losses(new ImpairmentSettings { Loss = 0.2, LossCorrelation = 0.5, Seed = 2 });
        // The variance of the mean of such a chain is (1+c)/(1-c) times that of independent draws.
        AssertRate(0.2, lost.Count(l => l), Frames, 3);
        Assert.InRange(Correlation(lost), 0.48, 0.52);
    }

    [Fact]
    public void Burst_loss_has_the_rate_and_the_burst_length_of_its_chain()
    {
        // Gilbert: stationary share of bad is p/(p+r); a burst lasts 1/r frames on average.
        bool[] lost = Losses(new ImpairmentSettings { Burst = new BurstLoss(0.02, 0.2), Seed = 3 });
        Assert.InRange(lost.Average(l => l ? 1.0 : 0), 0.0909 - 0.006, 0.0909 + 0.006);
        int bursts = lost.Where((l, i) => l && (i == 0 || !lost[i - 1])).Count();
        Assert.InRange((double)lost.Count(l => l) / bursts, 4.8, 5.2);
    }

    [Fact]
    public void The_good_state_of_burst_loss_has_its_own_rate()
    {
        bool[] lost = Losses(new ImpairmentSettings { Burst = new BurstLoss(0.01, 0.1, LossInBad: 0.5, LossInGood: 0.05), Seed = 4 });
        double bad = 0.01 / 0.11;
        Assert.InRange(lost.Average(l => l ? 1.0 : 0), (bad * 0.5) + ((1 - bad) * 0.05) - 0.006, (bad * 0.5) + ((1 - bad) * 0.05) + 0.006);
    }

    [Fact]
    public void Duplicates_corruption_and_reordering_have_their_rates_and_are_independent()
    {
        Fate[] fates = Take(
            new Impairment("p", new ImpairmentSettings { Duplicate = 0.1, Corrupt = 0.05, Reorder = 0.25, Delay = TimeSpan.FromMilliseconds(1), Seed = 5 }), 9, Frames);
        AssertRate(0.1, fates.Count(f => f.Copies == 2), Frames);
        AssertRate(0.05, fates.Count(f => f.IsCorrupted), Frames);
        AssertRate(0.25, fates.Count(f => f.Delay == TimeSpan.Zero), Frames);
        AssertRate(0.1 * 0.05, fates.Count(f => f.Copies == 2 && f.IsCorrupted), Frames);
        AssertRate(0.1 * 0.25, fates.Count(f => f.Copies == 2 && f.SecondDelay == TimeSpan.Zero), Frames);
        Assert.True(fates.Where(f => f.IsCorrupted).DistinctBy(f => f.CorruptionDraw % 512).Count() == 512);
    }

    [Fact]
    public void A_lost_duplicate_leaves_one_copy_as_in_netem()
    {
        Fate[] fates = Take(new Impairment("p", new ImpairmentSettings { Duplicate = 1, Loss = 0.5, Seed = 6 }), 9, Frames);
        Assert.DoesNotContain(fates, f => f.Copies == 0);
        AssertRate(0.5, fates.Count(f => f.Copies == 1), Frames);
    }

    [Fact]
    public void Uniform_jitter_covers_its_range_evenly()
    {
        double[] x = Deviations(JitterDistribution.Uniform);
        Assert.InRange(x.Min(), -1, -0.999);
        Assert.InRange(x.Max(), 0.999, 1);
        Assert.InRange(x.Average(), -0.007, 0.007);
        Assert.InRange(x.Average(v => v * v), 0.327, 0.340);
    }

    [Fact]
    public void Normal_jitter_has_unit_deviation_and_the_normal_shares()
    {
        double[] x = Deviations(JitterDistribution.Normal);
        Assert.InRange(x.Average(), -0.012, 0.012);
        Assert.InRange(x.Average(v => v * v), 0.98, 1.02);
        // Within one deviation 68.27 %, within two 95.45 %.
        AssertRate(0.6827, x.Count(v => Math.Abs(v) < 1), Frames);
        AssertRate(0.9545, x.Count(v => Math.Abs(v) < 2), Frames);
        Assert.InRange(x.Max(), 3.5, 4.0001);
    }

    [Fact]
    public void Pareto_jitter_has_the_shares_of_shape_three()
    {
        // P(X > x) = x^-3 for X >= 1; ours is (X - 1.5) / sqrt(0.75).
        double[] x = Deviations(JitterDistribution.Pareto);
        Assert.InRange(x.Min(), -0.5775, -0.577);
        AssertRate(Math.Pow(1.5, -3), x.Count(v => v > 0), Frames);
        AssertRate(Math.Pow(3, -3), x.Count(v => v > 1.5 / Math.Sqrt(0.75)), Frames);
        Assert.InRange(x.Max(), 3.99, 4.0001);
    }

    [Fact]
    public void Delay_never_becomes_negative()
    {
        Fate[] fates = Take(new Impairment("p", new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(1), Jitter = TimeSpan.FromMilliseconds(5) }), 1, 1000);
        Assert.All(fates, f => Assert.True(f.Delay >= TimeSpan.Zero));
        Assert.Contains(fates, f => f.Delay == TimeSpan.Zero);
    }

    [Fact]
    public void The_flow_table_stays_within_its_bound_and_keeps_flows_in_use()
    {
        var table = new FlowTable();
        for (uint flow = 1; flow <= 1_000_000; flow++)
        {
            table.Get(flow).Ordinal++;
            if (flow % 1000 == 0)
                table.Get(0).Ordinal++;
            Assert.True(table.Count <= FlowTable.Limit);
        }

        Assert.Equal(1000u, table.Get(0).Ordinal);
    }

    private static Fate[] Take(Impairment impairment, uint flow, int count)
    {
        var fates = new Fate[count];
        for (int i = 0; i < count; i++)
            fates[i] = impairment.Next(flow);
        return fates;
    }

    private static bool[] Losses(ImpairmentSettings settings) => [.. Take(new Impairment("p", settings), 77, Frames).Select(f => f.Copies == 0)];

    private static double[] Deviations(JitterDistribution distribution)
    {
        var settings = new ImpairmentSettings { Delay = TimeSpan.FromSeconds(10), Jitter = TimeSpan.FromSeconds(1), Distribution = distribution, Seed = 11 };
        return [.. Take(new Impairment("p", settings), 5, Frames).Select(f => f.Delay.TotalSeconds - 10)];
    }

    private static double Correlation(bool[] x)
    {
        double mean = x.Average(l => l ? 1.0 : 0);
        double sum = 0;
        for (int i = 1; i < x.Length; i++)
            sum += ((x[i] ? 1 : 0) - mean) * ((x[i - 1] ? 1 : 0) - mean);
        return sum / (x.Length - 1) / (mean * (1 - mean));
    }

    private static void AssertRate(double rate, int hits, int of, double inflation = 1)
    {
        double deviation = Math.Sqrt(rate * (1 - rate) * inflation / of);
        Assert.InRange((double)hits / of, rate - (5 * deviation), rate + (5 * deviation));
    }
}
