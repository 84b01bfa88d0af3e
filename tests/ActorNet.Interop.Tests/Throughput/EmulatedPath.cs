using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.TcpScripts;

namespace ActorNet.Interop.Tests.Throughput;

/// <summary>
/// A path in real time between a sender, ours or the kernel's, and a kernel that receives: our impairments in each direction, on a thread of
/// their own.
/// </summary>
internal sealed class EmulatedPath : IDisposable
{
    private readonly Thread _thread;
    private readonly INearEnd _near;
    private readonly TunEnd _far;
    private readonly ImpairedLink _there;
    private readonly ImpairedLink _back;
    private readonly MonotonicClock _clock;
    private readonly FrameCache _frames;
    private volatile bool _ended;
    private Exception? _failure;

    public EmulatedPath(MonotonicClock clock, FrameCache frames, INearEnd near, TunEnd far, ImpairmentSettings there, ImpairmentSettings back)
    {
        (_clock, _frames, _near, _far) = (clock, frames, near, far);
        _there = new ImpairedLink("there", far, frames, clock) { Settings = there };
        _back = new ImpairedLink("back", near, frames, clock) { Settings = back };
        near.Link = _there;
        far.Link = _back;
        _thread = new Thread(Run) { IsBackground = true, Name = "emulated path" };
        _thread.Start();
    }

    /// <summary>Frames that the path lost and that passed, from the sender on.</summary>
    public (long Lost, long Passed) Counts => (_there.Drops.Total, _there.FramesOut);

    public void Dispose()
    {
        _ended = true;
        _thread.Join();
        _there.Dispose();
        _back.Dispose();
        _near.Dispose();
        _far.Dispose();
        _frames.Dispose();
        if (_failure is not null)
            throw new InvalidOperationException("The path failed.", _failure);
    }

    private void Run()
    {
        TunDevice[] devices = _near.Device is { } device ? [device, _far.Device] : [_far.Device];
        try
        {
            while (!_ended)
            {
                Instant now = _clock.Now;
                bool more = _near.Turn(now) | _far.Turn(now);
                _there.Poll(now);
                _back.Poll(now);
                if (!more)
                    TunDevice.WaitAny(devices, TimeUntilDue());
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    private TimeSpan TimeUntilDue()
    {
        Instant next = _near.NextDeadline;
        foreach (Instant due in new[] { _there.NextDeadline, _back.NextDeadline })
            next = due < next ? due : next;
        Instant now = _clock.Now;
        TimeSpan most = TimeSpan.FromMilliseconds(100);
        return next <= now ? TimeSpan.Zero : next - now < most ? next - now : most;
    }
}
