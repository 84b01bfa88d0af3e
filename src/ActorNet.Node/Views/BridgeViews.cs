using System.Collections.Immutable;
using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Time;

namespace ActorNet.Node.Views;

/// <summary>Makes what `ip -d link`, `bridge` and `brctl` print of a bridge from the object that switches the frames.</summary>
internal static class BridgeViews
{
    private const int DefaultPriority = 0x8000;

    /// <summary>The bridge's device, its ports and its FDB.</summary>
    /// <param name="bridge">The live bridge.</param>
    /// <param name="now">Time now, for ages.</param>
    public static NamespaceView Of(Bridge bridge, Instant now)
    {
        string name = bridge.Device.Name;
        var id = new BridgeId(DefaultPriority, bridge.Device.Mac);
        ImmutableArray<LinkView>.Builder links = ImmutableArray.CreateBuilder<LinkView>();
        links.Add(LinkViews.Of(bridge.Device) with
        {
            Bridge = new BridgeView
            {
                Id = id,
                DesignatedRoot = id,
                Ageing = bridge.AgeingTime,
                GcTimer = bridge.NextDeadline == Instant.Never ? TimeSpan.Zero : bridge.NextDeadline - now,
            },
        });
        foreach (BridgePort port in bridge.Ports)
            links.Add(LinkViews.Of(port.Device, name) with { Port = Of(port, id) });
        return new NamespaceView
        {
            Name = name,
            Links = links.ToImmutable(),
            Fdb = [.. bridge.GetEntries().Select(e => Of(bridge, e, now))],
        };
    }

    private static BridgePortView Of(BridgePort port, BridgeId id) => new()
    {
        Number = port.Number,
        State = (Dataplane.Inspection.BridgePortState)port.State,
        Priority = port.Priority,
        Cost = port.PathCost,
        Hairpin = port.Hairpin,
        Learning = port.Learning,
        Flood = port.Flood,
        MulticastFlood = port.MulticastFlood,
        BroadcastFlood = port.BroadcastFlood,
        DesignatedRoot = id,
        DesignatedBridge = id,
        DesignatedPort = ((port.Priority & 0x3F) << 10) | (port.Number & 0x3FF),
    };

    private static FdbEntryView Of(Bridge bridge, FdbEntry entry, Instant now) => new()
    {
        Mac = entry.Mac,
        Device = entry.Port?.Device.Name ?? bridge.Device.Name,
        Master = bridge.Device.Name,
        State = entry.IsPermanent ? FdbEntryState.Permanent : entry.IsStatic ? FdbEntryState.Static : FdbEntryState.Learned,
        Used = now - entry.LastUsed,
        Updated = now - entry.LastUpdated,
    };
}
