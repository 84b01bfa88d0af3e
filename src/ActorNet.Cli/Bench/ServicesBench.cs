namespace ActorNet.Cli.Bench;

/// <summary>What `bench services` found.</summary>
/// <param name="Services">Services, each with one port.</param>
/// <param name="Endpoints">Endpoints of each.</param>
/// <param name="First">The very first time in this process, which compiles its code meanwhile.</param>
/// <param name="Later">The fastest of three.</param>
/// <param name="ChangeMilliseconds">One endpoint's change compiled and put in force.</param>
/// <param name="ChangeCollectedMilliseconds">The longest time of a change in which garbage collections held it up.</param>
/// <param name="NewFlows">What the first packet of a flow costs beside how many Services.</param>
/// <param name="Established">What later packets cost.</param>
internal sealed record ServicesReport(
    int Services, int Endpoints, FillTimes First, FillTimes Later, Percentiles ChangeMilliseconds, double ChangeCollectedMilliseconds, IReadOnlyList<NewFlowCost> NewFlows, EstablishedReport Established);

/// <summary>What it takes in milliseconds until many Services' rules are in force in an empty namespace.</summary>
/// <param name="Compile">From API objects to text.</param>
/// <param name="Read">From text to rules.</param>
/// <param name="PutInForce">In the namespace, a piece at a time.</param>
/// <param name="LongestPiece">The longest time for which frames wait meanwhile.</param>
internal sealed record FillTimes(double Compile, double Read, double PutInForce, double LongestPiece)
{
    /// <summary>All of it.</summary>
    public double Total => Compile + Read + PutInForce;

    /// <summary>Of two the faster in everything.</summary>
    public FillTimes Fastest(FillTimes other) =>
        new(Math.Min(Compile, other.Compile), Math.Min(Read, other.Read), Math.Min(PutInForce, other.PutInForce), Math.Min(LongestPiece, other.LongestPiece));
}

/// <summary>Percentiles of one kind of measurement.</summary>
/// <param name="P50">Half are not above it.</param>
/// <param name="P99">99 of 100 are not above it.</param>
/// <param name="Max">None is above it.</param>
internal sealed record Percentiles(double P50, double P99, double Max)
{
    /// <summary>Those of some values.</summary>
    /// <param name="values">The values.</param>
    public static Percentiles Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Percentiles(Round(sorted[sorted.Length / 2]), Round(sorted[sorted.Length * 99 / 100]), Round(sorted[^1]));
    }

    private static double Round(double value) => Math.Round(value, 3);
}

/// <summary>What a flow's first packet costs.</summary>
/// <param name="Services">Services that there are.</param>
/// <param name="Microseconds">Of processor time from the frame that comes in by one device to the one that leaves by another, a new connection with it.</param>
/// <param name="ToTenMicroseconds">The same when all flows go to ten of the Services: what is left of the difference is memory that no cache holds.</param>
/// <param name="WalkedMicroseconds">To all of them without the index of long chains: each rule asked in its turn.</param>
internal sealed record NewFlowCost(int Services, double Microseconds, double ToTenMicroseconds, double WalkedMicroseconds);

/// <summary>`actornet bench services`: kube-proxy's work for many Services, in this process and with nothing beside it.</summary>
internal static class ServicesBench
{
    private const int Services = 5_000;
    private const int Endpoints = 10;
    private const int Changes = 200;
    private const int Few = 10;

    /// <summary>Measures.</summary>
    /// <param name="progress">Says what is being done.</param>
    public static ServicesReport Run(TextWriter progress)
    {
        progress.WriteLine($"{Services} Services of {Endpoints} endpoints: compiling and putting in force");
        FillTimes? first = null, later = null;
        for (int i = 0; i < 3; i++)
        {
            using var node = new ProxiedNode(indexes: true);
            FillTimes times = node.Fill(Services, Endpoints);
            first ??= times;
            later = later is null ? times : later.Fastest(times);
        }

        using var changing = new ProxiedNode(indexes: true);
        changing.Fill(Services, Endpoints);
        // The rules of a node that has had them for a while are old to the collector. Right behind the start it would move all of them once, and whichever
        // change comes in that moment would be held up by it.
        GC.Collect();
        progress.WriteLine($"one endpoint changes, {Changes} times");
        (double Taken, double Collected)[] changes = [.. Enumerable.Range(0, Changes).Select(changing.ChangeOne)];
        var costs = new List<NewFlowCost>();
        foreach (int services in (int[])[Few, 1_000, Services])
        {
            progress.WriteLine($"new flows beside {services} Services");
            costs.Add(CostOf(services));
        }

        progress.WriteLine("packets of known flows");
        return new ServicesReport(Services, Endpoints, first!, later!, Percentiles.Of(changes.Select(static c => c.Taken)), Math.Round(changes.Max(static c => c.Collected), 3), costs, EstablishedCost.Measure());
    }

    private static NewFlowCost CostOf(int services)
    {
        using var indexed = new ProxiedNode(indexes: true);
        indexed.Fill(services, Endpoints);
        using var walked = new ProxiedNode(indexes: false);
        walked.Fill(services, Endpoints);
        return new NewFlowCost(services, Cost(indexed, services), Cost(indexed, Few), Cost(walked, services));
    }

    private static double Cost(ProxiedNode node, int services) => Math.Round(node.MeasureNewFlows(services), 3);
}
