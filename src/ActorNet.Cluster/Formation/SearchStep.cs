using System.Collections.Immutable;

namespace ActorNet.Cluster.Formation;

/// <summary>What a host that looks for its cluster does next.</summary>
internal abstract record SearchStep
{
    private SearchStep()
    {
    }

    /// <summary>Asks again a moment later.</summary>
    public sealed record Wait : SearchStep
    {
        public static readonly Wait Instance = new();

        private Wait()
        {
        }
    }

    /// <summary>Joins through a member.</summary>
    /// <param name="Members">Those that answered, the best first.</param>
    public sealed record Join(ImmutableArray<ControlEndpoint> Members) : SearchStep;

    /// <summary>Forms the cluster if enough hosts promise not to let another one do so.</summary>
    /// <param name="Electors">Whom to ask.</param>
    /// <param name="Needed">How many of them have to promise.</param>
    public sealed record Claim(ImmutableArray<ControlEndpoint> Electors, int Needed) : SearchStep;

    /// <summary>Forms a cluster: this host was started to do so.</summary>
    public sealed record Form : SearchStep
    {
        public static readonly Form Instance = new();

        private Form()
        {
        }
    }
}
