using System.Collections.Immutable;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Kubernetes.Kubelet.HostPorts;
using ActorNet.Kubernetes.KubeProxy;
using Akka.Actor;
using Akka.Event;

namespace ActorNet.Node.Actors;

/// <summary>What the node's programs want of the root namespace's netfilter, and what became of it.</summary>
internal static class NetfilterProtocol
{
    /// <summary>Makes chains and rules that are not there; what is refused is logged.</summary>
    /// <param name="Rules">In their order.</param>
    public sealed record Ensure(ImmutableArray<EnsuredRule> Rules) : INoSerializationVerificationNeeded;

    /// <summary>Puts rules in if something shows that they do not stand; that it was so is logged.</summary>
    /// <param name="Program">Whose they are.</param>
    /// <param name="Rules">The rules.</param>
    /// <param name="IsFirst">Whether they have not been put in before.</param>
    public sealed record Keep(string Program, KeptRules Rules, bool IsFirst = false) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    /// <summary>Makes the rules of a pod's host ports and forgets UDP connections to them, as CNI's portmap does at ADD; what is refused is logged.</summary>
    /// <param name="Rules">The rules.</param>
    public sealed record MapPorts(HostPortRules Rules) : INoSerializationVerificationNeeded;

    /// <summary>Takes the rules of a pod's host ports away, as CNI's portmap does at DEL.</summary>
    /// <param name="Rules">The rules.</param>
    public sealed record UnmapPorts(HostPortRules Rules) : INoSerializationVerificationNeeded;

    /// <summary>
    /// Puts a program in force, a piece at a time between frames, and then deletes the connections that it leaves without an endpoint; answered with
    /// <see cref="Done"/>.
    /// </summary>
    /// <param name="Rules">The program's text, read.</param>
    /// <param name="Stale">UDP connections that go; null for none.</param>
    public sealed record Apply(RestoreProgram Rules, StaleFlows? Stale) : INoSerializationVerificationNeeded;

    /// <summary>Asks whether chains are there; answered with <see cref="Looked"/>.</summary>
    /// <param name="Chains">The chains.</param>
    public sealed record Look(ImmutableArray<EnsuredRule> Chains) : INoSerializationVerificationNeeded;

    /// <summary>What became of it.</summary>
    /// <param name="Result">Of the rules.</param>
    /// <param name="Deleted">Connections that were deleted.</param>
    public sealed record Done(RestoreResult Result, int Deleted);

    /// <summary>Whether all of them are there.</summary>
    /// <param name="AreThere">Whether.</param>
    public sealed record Looked(bool AreThere);
}
