namespace ActorNet.Cli.Bench;

/// <summary>What `bench services` found.</summary>
/// <param name="Services">Services, each with one port.</param>
/// <param name="Endpoints">Endpoints of each.</param>
/// <param name="CompileMilliseconds">All of them compiled, from API objects to text: the fastest of three.</param>
/// <param name="SwapMilliseconds">The text read and put in force in an empty namespace: the fastest of three.</param>
/// <param name="FirstMilliseconds">Compiled and put in force for the very first time in this process, which compiles its code meanwhile.</param>
/// <param name="ChangeMilliseconds">One endpoint's change compiled and put in force.</param>
/// <param name="NewFlows">What the first packet of a flow costs beside how many Services.</param>
/// <param name="Established">What later packets cost.</param>
internal sealed record ServicesReport(
    int Services, int Endpoints, double CompileMilliseconds, double SwapMilliseconds, double FirstMilliseconds, Percentiles ChangeMilliseconds, IReadOnlyList<NewFlowCost> NewFlows,
    EstablishedReport Established);

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
/// <param name="WalkedMicroseconds">The same without the index of long chains: each rule asked in its turn.</param>
internal sealed record NewFlowCost(int Services, double Microseconds, double WalkedMicroseconds);

/// <summary>`actornet bench services`: kube-proxy's work for many Services, in this process and with nothing beside it.</summary>
internal static class ServicesBench
{
    private const int Services = 5_000;
    private const int Endpoints = 10;
    private const int Changes = 200;

    /// <summary>Measures.</summary>
    /// <param name="progress">Says what is being done.</param>
    public static ServicesReport Run(TextWriter progress)
    {
        progress.WriteLine($"{Services} Services of {Endpoints} endpoints: compiling and putting in force");
        double compile = double.MaxValue, swap = double.MaxValue, first = 0;
        for (int i = 0; i < 3; i++)
        {
            using var node = new ProxiedNode(indexes: true);
            (double compiled, double swapped) = node.Fill(Services, Endpoints);
            first = i == 0 ? compiled + swapped : first;
            (compile, swap) = (Math.Min(compile, compiled), Math.Min(swap, swapped));
        }

        using var changing = new ProxiedNode(indexes: true);
        changing.Fill(Services, Endpoints);
        progress.WriteLine($"one endpoint changes, {Changes} times");
        Percentiles change = Percentiles.Of(Enumerable.Range(0, Changes).Select(changing.ChangeOne));
        var costs = new List<NewFlowCost>();
        foreach (int services in (int[])[10, 1_000, Services])
        {
            progress.WriteLine($"new flows beside {services} Services");
            costs.Add(new NewFlowCost(services, CostOf(services, indexes: true), CostOf(services, indexes: false)));
        }

        progress.WriteLine("packets of known flows");
        return new ServicesReport(Services, Endpoints, Math.Round(compile, 1), Math.Round(swap, 1), Math.Round(first, 1), change, costs, EstablishedCost.Measure());
    }

    private static double CostOf(int services, bool indexes)
    {
        using var node = new ProxiedNode(indexes);
        node.Fill(services, Endpoints);
        return Math.Round(node.MeasureNewFlows(services), 3);
    }
}
