namespace ActorNet.Cluster.Joining;

/// <summary>The tunnel of a host that lets others in: it sends their probes back. For any thread.</summary>
public interface ITunnelProbes
{
    /// <summary>Expects probes.</summary>
    /// <param name="number">Their number.</param>
    void Expect(Guid number);

    /// <summary>How many came.</summary>
    /// <param name="number">Their number.</param>
    /// <param name="cancel">Gives up.</param>
    Task<int> HeardAsync(Guid number, CancellationToken cancel);
}
