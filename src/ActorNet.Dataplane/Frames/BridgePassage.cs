namespace ActorNet.Dataplane.Frames;

/// <summary>
/// What a bridge says of a vector that it gives to its namespace's rules, and what comes back with it (linux struct nf_bridge_info): the ports by number
/// and by the name of their device. The default is a vector that has nothing to do with that.
/// </summary>
/// <param name="Ingress">Number of the port that the frames came in by; 0 in the default.</param>
/// <param name="IngressDevice">Its device (physindev).</param>
/// <param name="EgressDevice">The device of the port that the frames would leave by as they are (physoutdev); null when that is no one port.</param>
public readonly record struct BridgePassage(int Ingress, string? IngressDevice, string? EgressDevice)
{
    /// <summary>Whether a bridge asks, or an answer to it is on its way.</summary>
    public bool IsSet => Ingress != 0;
}
