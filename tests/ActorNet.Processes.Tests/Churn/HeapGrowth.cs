using System.Globalization;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>
/// How much more a host's heap holds from batch to batch in the second half of a churn. The store's history grows and is forgotten by turns: so each moment
/// of the last quarter is compared with that of the quarter before it at which the history was nearest to as long.
/// </summary>
/// <param name="batches">The host at the end of each batch, in their order.</param>
internal sealed class HeapGrowth(IReadOnlyList<HostFigures> batches)
{
    private readonly double[] _grown = [.. Pairs(batches).Select(pair => (batches[pair.Now].Resources.HeapBytes - batches[pair.Before].Resources.HeapBytes) / 1e6 / (pair.Now - pair.Before)).Order()];

    /// <summary>The median of what came to it with each batch, in millions of bytes; no number for less than four batches.</summary>
    public double MegabytesABatch => _grown.Length == 0 ? double.NaN : (_grown[(_grown.Length - 1) / 2] + _grown[_grown.Length / 2]) / 2;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{batches[0].Host} heap, MB a batch where the history is as long: {MegabytesABatch:+0.00;-0.00;0}, median of {string.Join(' ', _grown.Select(static each => each.ToString("0.00", CultureInfo.InvariantCulture)))}; MB and revisions of each: {string.Join(' ', batches.Select(static each => string.Create(CultureInfo.InvariantCulture, $"{each.Resources.HeapBytes / 1e6:0.0}/{each.History}")))}");

    private static IEnumerable<(int Before, int Now)> Pairs(IReadOnlyList<HostFigures> batches)
    {
        int half = batches.Count / 2, last = 3 * batches.Count / 4;
        return half == last ? [] : Enumerable.Range(last, batches.Count - last).Select(now => (Enumerable.Range(half, last - half).MinBy(before => Math.Abs(batches[before].History - batches[now].History)), now));
    }
}
