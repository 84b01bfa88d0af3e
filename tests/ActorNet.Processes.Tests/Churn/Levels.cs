using System.Globalization;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>One figure of a host over all batches of a churn: whether it is level, however much it swings from one batch to the next.</summary>
/// <param name="figure">What it is, for messages.</param>
/// <param name="each">The figure at the end of each batch, in their order.</param>
internal sealed class Levels(string figure, IReadOnlyList<double> each)
{
    private IEnumerable<double> Middle => each.Skip(each.Count / 3).Take(2 * each.Count / 3 - each.Count / 3);

    private IEnumerable<double> Last => each.Skip(2 * each.Count / 3);

    /// <summary>How much higher the median of the last third is than that of the middle third. The first third is for what fills up: caches, compiled code.</summary>
    public double Rise => Median(Last) - Median(Middle);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{figure}: {Rise:+0.#;-0.#;0} from the middle to the last third of {string.Join(' ', each.Select(static value => value.ToString("0.#", CultureInfo.InvariantCulture)))}");

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
