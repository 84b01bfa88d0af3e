using System.Collections.Immutable;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Kubernetes.Nodes;
using Akka.Actor;
using Akka.Event;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>flanneld: holds what is programmed for which Node and sends the difference to the owners of the tables.</summary>
internal sealed class FlannelActor : UntypedActor
{
    private readonly NodeSettings _settings;
    private readonly IActorRef _root;
    private readonly IActorRef _tunnel;

    public FlannelActor(NodeSettings settings, IActorRef root, IActorRef tunnel)
    {
        _settings = settings;
        _root = root;
        _tunnel = tunnel;
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Unhandled(message);

    /// <summary>The Nodes of the cluster.</summary>
    /// <param name="Nodes">All of them.</param>
    internal sealed record NodesChanged(ImmutableArray<V1Node> Nodes);

    /// <summary>Asks what could not be programmed.</summary>
    internal sealed record GetProblems;

    /// <summary>What could not be programmed.</summary>
    /// <param name="Texts">A sentence each.</param>
    internal sealed record Problems(ImmutableArray<string> Texts);
}
