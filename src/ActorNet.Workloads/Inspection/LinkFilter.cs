using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>What `ip link show` and `ip addr show` are asked to list (iproute2 ip/ipaddress.c ipaddr_list_flush_or_save).</summary>
internal sealed record LinkFilter
{
    public string? Device { get; private init; }

    public bool OnlyUp { get; private init; }

    public string? Master { get; private init; }

    public bool NoMaster { get; private init; }

    public string? Kind { get; private init; }

    public Ipv4Prefix? Inside { get; private init; }

    public RouteScope? Scope { get; private init; }

    public string? Label { get; private init; }

    public bool? Secondary { get; private init; }

    /// <summary>Reads the filter and checks its names against the namespace.</summary>
    public static LinkFilter Parse(ArgumentReader reader, NamespaceView view)
    {
        var filter = new LinkFilter();
        while (reader.TryNext(out string word))
            filter = filter.With(word, reader, view);
        if (filter.Device is { } device && view.FindLink(device) is null)
            throw new ToolFailure(1, $"Device \"{device}\" does not exist.");
        return filter;
    }

    /// <summary>Whether a device is listed.</summary>
    public bool Accepts(LinkView link) =>
        (Device is null || link.Name == Device)
        && (!OnlyUp || link.IsUp)
        && (Master is null || link.Master == Master)
        && (!NoMaster || link.Master is null)
        && (Kind is null || link.Kind == Kind || (Kind == "bridge_slave" && link.Port is not null));

    /// <summary>Whether an address of a listed device is listed.</summary>
    public bool Accepts(AddressView address) =>
        (Inside is not { } inside || inside.Contains(address.Address))
        && (Scope is not { } scope || address.Scope == scope)
        && (Label is null || (address.Label ?? address.Device) == Label)
        && (Secondary is not { } secondary || address.IsSecondary == secondary);

    private LinkFilter With(string word, ArgumentReader reader, NamespaceView view)
    {
        switch (word)
        {
            case "to":
                (Ipv4Address address, int length, _) = ArgumentReader.Prefix(reader.Value());
                return this with { Inside = new Ipv4Prefix(address, length) };
            case "scope":
                return this with { Scope = ScopeText.Parse(reader.Value()) };
            case "up":
                return this with { OnlyUp = true };
            case "label":
                return this with { Label = reader.Value() };
            case "secondary" or "temporary":
                return this with { Secondary = true };
            case "primary":
                return this with { Secondary = false };
            case "permanent" or "dynamic":
                return word == "permanent" ? this : this with { Label = "" };
            case "nomaster":
                return this with { NoMaster = true };
            case "type":
                return this with { Kind = reader.Value() };
            case "group":
                return reader.Value() is "default" or "0" ? this : this with { Kind = "" };
            case "master":
                string master = reader.Value();
                return view.FindLink(master) is null ? throw ArgumentReader.Wrong(master, "Device does not exist\n") : this with { Master = master };
            default:
                string name = word == "dev" ? reader.Value() : word;
                return Device is null ? this with { Device = name } : throw ArgumentReader.Duplicate("dev", name);
        }
    }
}
