using System.Text;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>Where a Service's lines are written; used for one after the other.</summary>
internal sealed class RuleSheets
{
    // Most Services' lines find room.
    private const int Length = 16 * 1024;

    /// <summary>Lines of table filter, all of them in chains that Services share.</summary>
    internal StringBuilder Filter { get; } = new();

    /// <summary>Lines of table nat in chains that Services share.</summary>
    internal StringBuilder Captures { get; } = new();

    /// <summary>Lines of table nat in the Service's own chains.</summary>
    internal StringBuilder Own { get; } = new(Length);

    internal void Clear()
    {
        Filter.Clear();
        Captures.Clear();
        Own.Clear();
    }
}
