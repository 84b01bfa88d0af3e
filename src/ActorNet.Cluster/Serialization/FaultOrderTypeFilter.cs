using System.Collections.Frozen;
using Hyperion;

namespace ActorNet.Cluster.Serialization;

/// <summary>
/// Which types Hyperion may write or make. Hyperion's own filter compares the full assembly-qualified name on the way out with
/// the short one it stored and refuses everything, so names are brought to one form here: type and simple assembly name.
/// </summary>
internal sealed class FaultOrderTypeFilter : ITypeFilter
{
    private readonly FrozenSet<string> _allowed;

    public FaultOrderTypeFilter(IEnumerable<Type> types) => _allowed = types.Select(type => ShortName(type.AssemblyQualifiedName!)).ToFrozenSet(StringComparer.Ordinal);

    public bool IsAllowed(string typeName) => typeName is not null && _allowed.Contains(ShortName(typeName));

    /// <summary>Takes away version, culture and key token, and the mark Hyperion puts in place of the core library's name.</summary>
    internal static string ShortName(string name)
    {
        int cut = name.IndexOf(", Version=", StringComparison.Ordinal);
        string shorter = cut < 0 ? name : name[..cut];
        return shorter.Replace(", System.Private.CoreLib", "", StringComparison.Ordinal).Replace(",%core%", "", StringComparison.Ordinal);
    }
}
