using System.Security.Cryptography;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>
/// kube-proxy's chances (-m statistic --mode random, 1/(n-i)) give every endpoint its share, independently from connection to connection. Bounds are set so that
/// a right chooser fails in less than one of 10,000 runs; choosers that are wrong are shown to fail.
/// </summary>
public sealed class BackendChoiceTests(ITestOutputHelper output)
{
    private const int Endpoints = 8;
    private const int Choices = 100_000;
    private const int Seeds = 20;
    private const double Extreme = 1e-7;

    // Kolmogorov: P(D > d) is about 2 exp(-2 n d^2), here 1e-6.
    private static readonly double KolmogorovBound = Math.Sqrt(Math.Log(2e6) / (2.0 * Seeds));

    [Fact]
    public void Every_endpoint_gets_its_share_and_no_choice_tells_of_the_next()
    {
        ulong[] seeds = [.. Enumerable.Range(0, Seeds).Select(static _ => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)))];
        output.WriteLine($"seeds {string.Join(' ', seeds)}");
        Assert.Equal("", Judge([.. seeds.Select(Choose)]));
    }

    [Fact]
    public void A_chooser_that_goes_round_or_prefers_one_by_5_percent_is_found_out()
    {
        Assert.NotEqual("", Judge([.. Enumerable.Range(0, Seeds).Select(static _ => Enumerable.Range(0, Choices).Select(static i => i % Endpoints).ToArray())]));
        Assert.NotEqual("", Judge([.. Enumerable.Range(0, Seeds).Select(Biased)]));
    }

    // The first endpoint has 5 % more than its share.
    private static int[] Biased(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Choices).Select(_ => random.NextDouble() < 1.05 / Endpoints ? 0 : random.Next(1, Endpoints))];
    }

    private static int[] Choose(ulong seed)
    {
        string rules = string.Concat(Enumerable.Range(0, Endpoints).Select(static i =>
            i < Endpoints - 1 ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"-A C -m statistic --mode random --probability {1.0 / (Endpoints - i):F10} -j RETURN\n") : "-A C -j RETURN\n"));
        using var bench = new NamespaceBench(o => o with { Seed = seed });
        NetfilterState netfilter = bench.Namespace.EnableNetfilter();
        Assert.Equal(RestoreResult.Success, netfilter.Restore($"*nat\n:C - [0:0]\n-A PREROUTING -j C\n{rules}COMMIT\n"));
        Assert.True(netfilter.TableOf("nat").TryGet("C", out Chain? chain));
        var walk = new RuleWalk();
        var packet = new NetfilterPacket(netfilter);
        byte[] bytes = NetfilterBench.Tcp("10.0.0.9", "10.96.0.1", 1, 80, TcpFlags.Syn);
        Assert.True(bench.Frames.TryRentFrame(bytes.Length, out Frame frame));
        bytes.CopyTo(frame.Span);
        packet.Load(frame);
        long[] before = new long[Endpoints];
        int[] chosen = new int[Choices];
        for (int i = 0; i < Choices; i++)
        {
            var tuple = new ConntrackTuple(new Ipv4Address(0x0A00_0000u + (uint)(i / 60_000)), new Ipv4Address(0x0A60_0001), (ushort)(i % 60_000), 80, 6);
            packet.Connection = new ConntrackEntry { Original = tuple, Packets = 1 };
            walk.Run(netfilter.TableOf("nat").At(NetfilterHook.PreRouting)!, packet);
            int at = 0;
            while (chain.Rules[at].Packets == before[at])
                at++;
            chosen[i] = at;
            before[chosen[i]]++;
        }

        bench.Frames.Release(ref frame);
        return chosen;
    }

    // Shares, and pairs of successive choices: chi-square each, and the p-values of all seeds together.
    private static string Judge(int[][] runs)
    {
        double[] shares = [.. runs.Select(static r => PValue([.. r.CountBy(static c => c).Select(static c => (double)c.Value)], Endpoints))];
        double[] pairs = [.. runs.Select(static r => PValue(
            [.. Enumerable.Range(0, r.Length / 2).Select(i => (r[2 * i] * Endpoints) + r[(2 * i) + 1]).CountBy(static c => c).Select(static c => (double)c.Value)], Endpoints * Endpoints))];
        foreach (double[] values in new[] { shares, pairs })
        {
            if (values.Any(static p => p is < Extreme or > 1 - Extreme))
                return $"extreme: {string.Join(' ', values)}";
            double distance = values.Order().Select((p, i) => Math.Max(Math.Abs(p - ((double)i / Seeds)), Math.Abs(p - ((i + 1.0) / Seeds)))).Max();
            if (distance > KolmogorovBound)
                return $"clustered by {distance}: {string.Join(' ', values)}";
        }

        return "";
    }

    private static double PValue(double[] counts, int cells)
    {
        double expected = counts.Sum() / cells;
        double statistic = counts.Sum(c => (c - expected) * (c - expected) / expected) + ((cells - counts.Length) * expected);
        return UpperGamma((cells - 1) / 2.0, statistic / 2.0);
    }

    // The regularised upper incomplete gamma function: by its series below a + 1, by Lentz's continued fraction above (Abramowitz and Stegun, 6.5.29, 6.5.31).
    private static double UpperGamma(double a, double x)
    {
        if (x <= 0)
            return 1;
        double front = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        if (x < a + 1)
        {
            double term = 1 / a;
            double sum = term;
            for (double n = a + 1; term > sum * 1e-16; n++)
                sum += term *= x / n;
            return 1 - (front * sum);
        }

        double b = x + 1 - a;
        double c = 1e300;
        double d = 1 / b;
        double h = d;
        for (int i = 1; i < 10_000; i++)
        {
            double an = -i * (i - a);
            b += 2;
            d = 1 / ((an * d) + b);
            c = b + (an / c);
            h *= d * c;
            if (Math.Abs((d * c) - 1) < 1e-15)
                break;
        }

        return front * h;
    }

    // Stirling's series behind a shift (Abramowitz and Stegun, 6.1.41).
    private static double LogGamma(double x)
    {
        double shift = 0;
        for (; x < 10; x++)
            shift -= Math.Log(x);
        double square = x * x;
        return shift + ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + (1 / (12 * x)) - (1 / (360 * x * square)) + (1 / (1260 * x * square * square));
    }
}
