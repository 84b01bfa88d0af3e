using System.Globalization;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>
/// How much more a host's heap holds at its lowest in the last third of a churn than in the middle third. The store's history grows and is forgotten by
/// turns, and what a collection meets on its way (a snapshot being written, a request) is there besides: both only add to what is kept for ever, by up to
/// 10 MB, and a third has several moments at which there is little of either.
/// </summary>
/// <param name="batches">The host at the end of each batch, in their order.</param>
internal sealed class HeapGrowth(IReadOnlyList<HostFigures> batches)
{
    /// <summary>Millions of bytes; no number for less than three batches.</summary>
    public double Megabytes => Lowest(2 * batches.Count / 3, batches.Count) - Lowest(batches.Count / 3, 2 * batches.Count / 3);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{batches[0].Host} heap, MB at the lowest from the middle to the last third: {Megabytes:+0.0;-0.0;0}; MB and revisions of each: {string.Join(' ', batches.Select(static each => string.Create(CultureInfo.InvariantCulture, $"{each.Resources.HeapBytes / 1e6:0.0}/{each.History}")))}");

    private double Lowest(int from, int to) => to > from ? batches.Skip(from).Take(to - from).Min(static each => each.Resources.HeapBytes) / 1e6 : double.NaN;
}
