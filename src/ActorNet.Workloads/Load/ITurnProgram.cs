using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>A program that runs inside the owner's turns, for loads that a task per datagram could not carry. It never blocks and never waits.</summary>
public interface ITurnProgram
{
    /// <summary>Does a bounded piece of work. The owner calls it once at the start, and again whenever the namespace can take more.</summary>
    /// <param name="sockets">The namespace's sockets.</param>
    /// <param name="budget">How many datagrams the namespace's links can take now: the free places of the window, so that nothing is queued without bound.</param>
    /// <returns>Whether it wants another turn as soon as there is budget; false when it is finished or only listens.</returns>
    bool Run(SocketLayer sockets, int budget);
}
