#if NEXT_VERSION
using MessagePack;

namespace ActorNet.Cluster.Stores.Hosts;

// One field more, as the next version may have. Hosts of the version before neither send nor read it.
public sealed partial record TellStore
{
    /// <summary>The version that says it; null: the one before, which does not.</summary>
    [Key(11)]
    public string? Teller { get; init; } = Membership.Release.Own.ToString();
}
#endif
