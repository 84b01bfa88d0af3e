using System.Net;

namespace ActorNet.Cluster.Joining;

/// <summary>The tunnel of a host that lets others in: it sends their probes back. For any thread.</summary>
public interface ITunnelProbes
{
    /// <summary>Expects probes.</summary>
    /// <param name="number">Their number.</param>
    /// <param name="asker">Where the host asks from.</param>
    void Expect(Guid number, IPAddress asker);

    /// <summary>How many came.</summary>
    /// <param name="number">Their number.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="JoinRefusedException">The tunnel does not say; the message is for the user.</exception>
    Task<int> HeardAsync(Guid number, CancellationToken cancel);
}
