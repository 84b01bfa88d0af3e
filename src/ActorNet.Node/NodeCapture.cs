using System.Collections.Immutable;
using ActorNet.Dataplane.Observation;
using ActorNet.Node.Actors;
using Akka.Actor;

namespace ActorNet.Node;

/// <summary>A running capture on devices of one namespace. It ends with <see cref="StopAsync"/>, which must be called.</summary>
public sealed class NodeCapture
{
    /// <summary>Bytes kept of a frame: all of any frame there is, as tcpdump keeps.</summary>
    public const int SnapLength = 262_144;

    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(10);

    private readonly ImmutableArray<IActorRef> _owners;
    private readonly long _id;

    private NodeCapture(ImmutableArray<IActorRef> owners, long id, ImmutableArray<string> devices, CancellationToken closed)
    {
        _owners = owners;
        _id = id;
        Devices = devices;
        Closed = closed;
    }

    /// <summary>The devices that are captured.</summary>
    public ImmutableArray<string> Devices { get; }

    /// <summary>Cancelled when the namespace ends; nothing more comes then.</summary>
    public CancellationToken Closed { get; }

    /// <summary>What passed since the last time, in the order of time.</summary>
    /// <param name="ct">Cancellation.</param>
    public Task<ImmutableArray<CapturedPacket>> DrainAsync(CancellationToken ct) => GatherAsync(new CaptureProtocol.Drain(_id), ct);

    /// <summary>Ends the capture and returns what was left.</summary>
    /// <param name="ct">Cancellation.</param>
    public Task<ImmutableArray<CapturedPacket>> StopAsync(CancellationToken ct) => GatherAsync(new CaptureProtocol.Stop(_id), ct);

    internal static async Task<NodeCapture> StartAsync(
        string target, ImmutableArray<IActorRef> owners, long id, string? device, CancellationToken closed, CancellationToken ct)
    {
        var start = new CaptureProtocol.Start(id, device, SnapLength);
        CaptureProtocol.Started[] started = await Task.WhenAll(
            owners.Select(o => o.Ask<CaptureProtocol.Started>(start, AskTimeout, ct))).ConfigureAwait(false);
        ImmutableArray<string> devices = [.. started.SelectMany(s => s.Captured)];
        if (devices.IsEmpty)
            throw new NodeRefusedException($"{target} has no device {device}; it has {string.Join(", ", started.SelectMany(s => s.Owned))}");
        return new NodeCapture(owners, id, devices, closed);
    }

    private async Task<ImmutableArray<CapturedPacket>> GatherAsync(object question, CancellationToken ct)
    {
        if (Closed.IsCancellationRequested)
            return [];
        CaptureProtocol.Packets[] parts = await Task.WhenAll(
            _owners.Select(o => o.Ask<CaptureProtocol.Packets>(question, AskTimeout, ct))).ConfigureAwait(false);
        return [.. parts.SelectMany(p => p.Captured).OrderBy(p => p.WallClockNanoseconds)];
    }
}
