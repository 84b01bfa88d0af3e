using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>Makes the judged node on a segment.</summary>
public delegate Task<IJudgedNode> JudgedNodeFactory(NetnsLab lab, UnderlaySegment segment);

/// <summary>A kernel node and a judged node on one segment, each with a pod and the other's lease.</summary>
/// <param name="Lab">The laboratory that holds the kernel's part; disposed with the bed.</param>
/// <param name="Segment">The segment; its port1 leads to the kernel node.</param>
/// <param name="Near">The kernel node, 192.168.56.19 with 10.244.9.0/24.</param>
/// <param name="NearPod">The kernel node's pod.</param>
/// <param name="Far">The judged node.</param>
public sealed record JudgementBed(
    NetnsLab Lab, UnderlaySegment Segment, KernelNode Near, KernelPod NearPod, IJudgedNode Far) : IAsyncDisposable
{
    /// <summary>Makes the bed; skips the test when the machine cannot have one.</summary>
    /// <param name="factory">Makes the judged node.</param>
    /// <param name="nearMtu">MTU of the kernel node's flannel.1, cni0 and pod.</param>
    public static async Task<JudgementBed> CreateAsync(JudgedNodeFactory factory, int nearMtu = 1450)
    {
        ArgumentNullException.ThrowIfNull(factory);
        NetnsLab lab = await NetnsLab.CreateAsync();
        IJudgedNode? far = null;
        try
        {
            UnderlaySegment segment = await UnderlaySegment.CreateAsync(lab);
            KernelNode near = await KernelNode.CreateAsync(lab, segment, new KernelNodeOptions("near", "192.168.56.19", 9) { OverlayMtu = nearMtu });
            KernelPod pod = await near.AddPodAsync("p");
            far = await factory(lab, segment);
            await near.AddLeaseAsync(far.SubnetIndex, far.VtepMac, far.Address);
            await far.AddPeerAsync(near);
            return new JudgementBed(lab, segment, near, pod, far);
        }
        catch
        {
            if (far is not null)
                await far.DisposeAsync();
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Far.DisposeAsync();
        await Lab.DisposeAsync();
    }
}

/// <summary>
/// A bed that the tests of one class share because they leave it as they found it. It is made by the first test that asks, so that a skip
/// for want of root happens inside a test.
/// </summary>
public sealed class SharedBed : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private JudgementBed? _bed;
    private Task _ageing = Task.CompletedTask;

    /// <summary>The bed. Beside it, from then on, a neighbour entry is watched in a bed of its own.</summary>
    public async Task<JudgementBed> GetAsync(JudgedNodeFactory factory)
    {
        if (_bed is null)
        {
            _bed = await JudgementBed.CreateAsync(factory);
            _ageing = NeighbourAgeing.WatchAsync(factory, _end.Token);
        }

        return _bed;
    }

    /// <summary>What <see cref="NeighbourAgeing"/> found: ends when all was right, and throws when not.</summary>
    public Task AgeingAsync() => _ageing;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _ageing.ContinueWith(static _ => { }, TaskScheduler.Default);
        _end.Dispose();
        if (_bed is not null)
            await _bed.DisposeAsync();
    }
}
