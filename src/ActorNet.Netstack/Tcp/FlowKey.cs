namespace ActorNet.Netstack;

/// <summary>The four numbers that name a connection.</summary>
/// <param name="Addresses">Local address in the upper half, remote in the lower.</param>
/// <param name="Ports">Local port in the upper half, remote in the lower.</param>
internal readonly record struct FlowKey(ulong Addresses, uint Ports)
{
    public static FlowKey Of(Ipv4Endpoint local, Ipv4Endpoint remote) =>
        new(((ulong)local.Address.Value << 32) | remote.Address.Value, ((uint)local.Port << 16) | remote.Port);
}

/// <summary>Hashes under a secret, so that nobody outside can choose connections that collide.</summary>
internal sealed class FlowKeyComparer(ulong seed) : IEqualityComparer<FlowKey>
{
    private readonly ulong _secret = SeededSequence.Derive(seed, 14);

    public bool Equals(FlowKey x, FlowKey y) => x == y;

    public int GetHashCode(FlowKey key) => (int)SeededSequence.Derive(_secret ^ key.Addresses, key.Ports ^ _secret);
}
