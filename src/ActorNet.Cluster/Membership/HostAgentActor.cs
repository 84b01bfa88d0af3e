using ActorNet.Cluster.Serialization;
using Akka.Actor;
using MessagePack;

namespace ActorNet.Cluster.Membership;

/// <summary>Asks a host's agent which actors the host runs.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
[MessagePackObject]
public sealed record DescribeHost([property: Key(0)] string RequestId) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Answers <see cref="DescribeHost"/>.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Json">The description, at most <see cref="WireLimits.MaximumObjectBytes"/>.</param>
[MessagePackObject]
public sealed record HostDescribed([property: Key(0)] string RequestId, [property: Key(1)] byte[] Json) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Json(Json, "json");
}

/// <summary>Speaks for its host to the others: they reach its `node` system, which is not in the cluster, only through this.</summary>
/// <param name="describe">The host's description as JSON.</param>
internal sealed class HostAgentActor(Func<byte[]> describe) : UntypedActor
{
    internal const string Name = "agent";

    protected override void OnReceive(object message)
    {
        if (message is DescribeHost ask)
            Sender.Tell(new HostDescribed(ask.RequestId, describe()));
        else
            Unhandled(message);
    }
}
