using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>The route that `ip route add` and its sisters were given, before defaults (iproute2 ip/iproute.c iproute_modify).</summary>
internal sealed record RouteRequest
{
    public Ipv4Prefix? Destination { get; private init; }

    public bool HasHostBits { get; private init; }

    public RouteType? Type { get; private init; }

    public Ipv4Address? Gateway { get; private init; }

    public string? Device { get; private init; }

    public Ipv4Address? Source { get; private init; }

    public int Metric { get; private init; }

    public int? Table { get; private init; }

    public RouteProtocol? Protocol { get; private init; }

    public RouteScope? Scope { get; private init; }

    public int? Mtu { get; private init; }

    public bool OnLink { get; private init; }

    /// <summary>Reads the request.</summary>
    public static RouteRequest Parse(ArgumentReader reader)
    {
        var request = new RouteRequest();
        while (reader.TryNext(out string word))
            request = request.With(word, reader);
        return request;
    }

    /// <summary>Fills in what iproute2 fills in; on delete an open field stays open.</summary>
    public RouteView ToEntry(EntryOperation operation)
    {
        bool delete = operation == EntryOperation.Delete;
        RouteType type = Type ?? (delete ? RouteType.Unspecified : RouteType.Unicast);
        RouteScope scope = Scope ?? type switch
        {
            RouteType.Local => RouteScope.Host,
            RouteType.Broadcast => RouteScope.Link,
            RouteType.Unicast or RouteType.Unspecified when delete => RouteScope.Nowhere,
            RouteType.Unicast when Gateway is null => RouteScope.Link,
            _ => RouteScope.Global,
        };
        return new RouteView
        {
            Destination = Destination ?? Ipv4Prefix.Default,
            Type = type,
            Gateway = Gateway,
            Device = Device,
            Protocol = Protocol ?? (delete ? RouteProtocol.Unspecified : RouteProtocol.Boot),
            Scope = scope,
            PreferredSource = Source,
            Metric = Metric,
            Table = Table ?? (type is RouteType.Local or RouteType.Broadcast ? RouteView.LocalTable : RouteView.MainTable),
            OnLink = OnLink,
            Mtu = Mtu,
        };
    }

    private RouteRequest With(string word, ArgumentReader reader)
    {
        switch (word)
        {
            case "src":
                return this with { Source = ArgumentReader.Address(reader.Value()) };
            case "via":
                return this with { Gateway = ArgumentReader.Address(reader.Value() is var text && text == "inet" ? reader.Value() : text) };
            case "mtu":
                return this with { Mtu = ReadMtu(reader) };
            case "onlink":
                return this with { OnLink = true };
            case "dev" or "oif":
                return this with { Device = reader.Value() };
            case "from" or "tos" or "dsfield" or "nexthop" or "nhid" or "encap" or "realms" or "advmss" or "rtt" or "window" or "hoplimit" or "pref":
                throw ArgumentReader.NotEmulated("ip route ... " + word);
        }

        if (ArgumentReader.MatchesAny(word, "metric", "priority", "preference"))
            return this with { Metric = reader.Number("\"metric\" value is invalid\n") };
        if (ArgumentReader.Matches(word, "scope"))
            return this with { Scope = ScopeText.Parse(reader.Value()) };
        if (ArgumentReader.Matches(word, "protocol"))
            return this with { Protocol = RouteText.Protocol(reader.Value()) };
        if (ArgumentReader.Matches(word, "table"))
            return this with { Table = RouteText.Table(reader.Value()) };
        return WithDestination(word == "to" ? reader.Value() : word, reader);
    }

    private RouteRequest WithDestination(string word, ArgumentReader reader)
    {
        RouteRequest request = this;
        if (RouteText.TryType(word, out RouteType type))
        {
            request = this with { Type = type };
            word = reader.Value();
        }

        if (request.Destination is not null)
            throw ArgumentReader.Duplicate("to", word);
        (Ipv4Address address, int length, _) = ArgumentReader.Prefix(word);
        var prefix = new Ipv4Prefix(address, length);
        return request with { Destination = prefix, HasHostBits = prefix.Network != address };
    }

    private static int ReadMtu(ArgumentReader reader)
    {
        if (reader.Peek() == "lock")
            reader.Value();
        return reader.Number("\"mtu\" value is invalid\n");
    }
}
