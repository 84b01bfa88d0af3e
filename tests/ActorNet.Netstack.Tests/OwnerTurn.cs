using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>What the owner of a namespace does at the end of its turn.</summary>
internal static class OwnerTurn
{
    /// <summary>Flushes and polls until nothing is due.</summary>
    public static void Settle(NetworkNamespace owned, SocketLayer sockets, MonotonicClock clock)
    {
        while (true)
        {
            owned.Flush();
            Instant now = clock.Now;
            if (owned.NextDeadline <= now)
                owned.Poll(now);
            if (sockets.NextDeadline > now)
                return;
            sockets.Poll(now);
        }
    }
}
