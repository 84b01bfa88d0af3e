using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.TcpScripts;

namespace ActorNet.Interop.Tests.Throughput;

/// <summary>The sending end of an <see cref="EmulatedPath"/>. The path's thread calls it.</summary>
internal interface INearEnd : IFrameSink, IDisposable
{
    /// <summary>Where its frames go.</summary>
    IFrameSink Link { set; }

    /// <summary>The device to wait for, or null.</summary>
    TunDevice? Device { get; }

    /// <summary>When <see cref="Turn"/> wants to be called.</summary>
    Instant NextDeadline { get; }

    /// <summary>Sends what there is to send.</summary>
    /// <returns>Whether there may be more.</returns>
    bool Turn(Instant now);
}
