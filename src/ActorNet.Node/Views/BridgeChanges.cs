using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Node.Views;

/// <summary>Applies what `ip link` and `bridge` change on a bridge and its ports.</summary>
internal static class BridgeChanges
{
    /// <summary>Applies a change.</summary>
    /// <param name="bridge">The live bridge.</param>
    /// <param name="ports">Its ports by device name.</param>
    /// <param name="change">The change.</param>
    public static ControlResult Apply(Bridge bridge, IReadOnlyDictionary<string, BridgePort> ports, NamespaceChange change) => change switch
    {
        SetLinkState state => OnDevice(bridge, ports, state.Device, d => d.SetUp(state.Up)),
        SetLinkMtu mtu => OnDevice(bridge, ports, mtu.Device, d => d.Mtu = mtu.Mtu),
        ChangeFdbEntry fdb => ApplyFdb(bridge, ports, fdb),
        SetBridgePort port => ports.TryGetValue(port.Device, out BridgePort? found) ? ApplyPort(bridge, found, port) : ControlResult.NotSupported,
        _ => ControlResult.NotSupported,
    };

    private static ControlResult OnDevice(Bridge bridge, IReadOnlyDictionary<string, BridgePort> ports, string name, Action<NetworkDevice> change)
    {
        NetworkDevice? device = name == bridge.Device.Name ? bridge.Device : ports.GetValueOrDefault(name)?.Device;
        if (device is null)
            return new ControlResult(1, $"Cannot find device \"{name}\"");
        change(device);
        return ControlResult.Ok;
    }

    private static ControlResult ApplyFdb(Bridge bridge, IReadOnlyDictionary<string, BridgePort> ports, ChangeFdbEntry change)
    {
        FdbEntryView entry = change.Entry;
        if (change.Operation == EntryOperation.Delete)
            return bridge.RemoveEntry(entry.Mac) ? ControlResult.Ok : ControlResult.NoSuchFile;
        if (change.Operation == EntryOperation.Add && bridge.FindEntry(entry.Mac) is { IsLearned: false })
            return ControlResult.FileExists;
        bool onBridge = entry.Device == bridge.Device.Name;
        if (!onBridge && !ports.ContainsKey(entry.Device))
            return ControlResult.NotSupported;
        bridge.SetEntry(entry.Mac, onBridge ? null : ports[entry.Device], entry.State == FdbEntryState.Permanent);
        return ControlResult.Ok;
    }

    private static ControlResult ApplyPort(Bridge bridge, BridgePort port, SetBridgePort change)
    {
        port.Hairpin = change.Hairpin ?? port.Hairpin;
        port.Learning = change.Learning ?? port.Learning;
        port.Flood = change.Flood ?? port.Flood;
        port.MulticastFlood = change.MulticastFlood ?? port.MulticastFlood;
        port.BroadcastFlood = change.BroadcastFlood ?? port.BroadcastFlood;
        port.PathCost = change.Cost ?? port.PathCost;
        port.Priority = change.Priority ?? port.Priority;
        // The state comes last (br_netlink.c br_setport), and `bridge link set` hands a refusal on as exit code 255.
        if (change.State is { } state && !bridge.TrySetPortState(port, (Dataplane.Bridging.BridgePortState)state))
            return ControlResult.NetworkDown with { ExitCode = 255 };
        return change.Isolated is null ? ControlResult.Ok : ControlResult.NotSupported;
    }
}
