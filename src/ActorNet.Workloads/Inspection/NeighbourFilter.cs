using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>What `ip neigh show` is asked to list (iproute2 ip/ipneigh.c do_show_or_flush).</summary>
internal sealed record NeighbourFilter
{
    private static readonly (string Name, NeighbourState State)[] Names =
    [
        ("permanent", NeighbourState.Permanent), ("reachable", NeighbourState.Reachable), ("noarp", NeighbourState.NoArp),
        ("none", NeighbourState.None), ("stale", NeighbourState.Stale), ("incomplete", NeighbourState.Incomplete),
        ("delay", NeighbourState.Delay), ("probe", NeighbourState.Probe), ("failed", NeighbourState.Failed),
    ];

    public string? Device { get; private init; }

    public Ipv4Prefix? Inside { get; private init; }

    public NeighbourState? State { get; private init; }

    public bool AllStates { get; private init; }

    public bool Proxy { get; private init; }

    /// <summary>Reads the filter.</summary>
    public static NeighbourFilter Parse(ArgumentReader reader)
    {
        var filter = new NeighbourFilter();
        while (reader.TryNext(out string word))
        {
            if (word == "dev")
                filter = filter with { Device = reader.Value() };
            else if (word == "nud")
                filter = filter.WithState(reader.Value());
            else if (word == "proxy")
                filter = filter with { Proxy = true };
            else if (word is "unused" or "vrf" or "nomaster" or "master")
                throw ArgumentReader.NotEmulated("ip neigh show " + word);
            else
            {
                (Ipv4Address address, int length, _) = ArgumentReader.Prefix(word == "to" ? reader.Value() : word);
                filter = filter with { Inside = new Ipv4Prefix(address, length) };
            }
        }

        return filter;
    }

    /// <summary>Reads a state's name, which may be cut short.</summary>
    public static NeighbourState ParseState(string word)
    {
        foreach ((string name, NeighbourState state) in Names)
        {
            if (ArgumentReader.Matches(word, name))
                return state;
        }

        return ArgumentReader.TryNumber(word, out int number) && number < 256 ? (NeighbourState)number : throw ArgumentReader.Wrong(word, "nud state is bad");
    }

    /// <summary>Whether an entry is listed: by default all but those without a state and those that need no resolution.</summary>
    public bool Accepts(NeighbourView entry) =>
        entry.Proxy == Proxy
        && (Device is null || entry.Device == Device)
        && (Inside is not { } inside || inside.Contains(entry.Address))
        && (Proxy || AllStates || (State is { } state ? entry.State == state : entry.State is not (NeighbourState.None or NeighbourState.NoArp)));

    private NeighbourFilter WithState(string word) => word == "all" ? this with { AllStates = true } : this with { State = ParseState(word) };
}
