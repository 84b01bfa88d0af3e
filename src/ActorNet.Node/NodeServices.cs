using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Node.Links;
using ActorNet.Sockets.Kestrel;

namespace ActorNet.Node;

/// <summary>What every actor of a node shares: thread-safe, made once per process.</summary>
/// <param name="Clock">Monotonic time.</param>
/// <param name="Pool">Frame memory.</param>
/// <param name="Time">Wall-clock and timers for programs.</param>
/// <param name="Seed">The seed that every random draw of this node is derived from.</param>
/// <param name="Removed">The drops of what is gone.</param>
/// <param name="Http">The process's HTTP server for its pods, which runs once a program listens.</param>
internal sealed record NodeServices(MonotonicClock Clock, FramePool Pool, TimeProvider Time, ulong Seed, DropLedger Removed, PodHttpServer Http);
