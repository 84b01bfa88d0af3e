using System.Collections.Immutable;
using ActorNet.Cluster.Formation;
using ActorNet.Cluster.Links;
using Akka.Cluster;

namespace ActorNet.Cluster;

/// <summary>
/// Keeps a host in its cluster while the process lives: when the control system is downed or quarantined it makes a new one on the
/// same port and joins again through any host it has known, or forms the cluster anew with them (<see cref="ClusterSearch"/>). It retries for ever, with growing pauses up to <see cref="LongestPause"/>.
/// </summary>
public sealed class ControlSupervisor : IAsyncDisposable
{
    /// <summary>The longest pause between two attempts to join again.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    private readonly ControlOptions _options;
    private readonly Action<ControlSystem>? _attach;
    private readonly CancellationTokenSource _stopping = new();
    private ImmutableHashSet<ControlEndpoint> _peers;
    private ControlSystem? _current;
    private IslandWatch? _watch;
    private Task _keeping = Task.CompletedTask;
    private ControlTls? _tls;
    private int _renewing;
    private int _stopped;

    /// <summary>Makes a supervisor; nothing runs yet.</summary>
    /// <param name="options">How the control systems start.</param>
    /// <param name="links">The faults of the host's links.</param>
    /// <param name="attach">Called with every control system once it is Up, before it is the current one: starts the host's actors in it.</param>
    public ControlSupervisor(ControlOptions options, ControlLinks? links = null, Action<ControlSystem>? attach = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _attach = attach;
        _peers = [.. options.Seeds];
        _tls = options.Tls;
        Links = links ?? new ControlLinks();
    }

    /// <summary>A control system ended without being asked to; called off the actor threads.</summary>
    public event Action<ControlEndReason>? Lost;

    /// <summary>The control system that ended was of a cluster that was an island beside that of the host named, which is joined next; called before <see cref="Lost"/> and before anything is begun there.</summary>
    public event Action<ControlEndpoint>? WasIsland;

    /// <summary>A new control system has joined again.</summary>
    public event Action<ControlSystem>? Rejoined;

    /// <summary>An attempt to join again failed; another follows.</summary>
    public event Action<Exception>? RejoinFailed;

    /// <summary>The faults of this host's control links.</summary>
    public ControlLinks Links { get; }

    /// <summary>The control system that is in the cluster now; null between two.</summary>
    public ControlSystem? Current => Volatile.Read(ref _current);

    /// <summary>Other hosts by which this one finds back into the cluster: all that were ever seen Up and have not left.</summary>
    public ImmutableHashSet<ControlEndpoint> Peers => Volatile.Read(ref _peers);

    /// <summary>Starts and joins for the first time.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlStartException">It did not work; nothing is retried.</exception>
    public async Task<ControlSystem> StartAsync(CancellationToken cancellation = default)
    {
        ControlSystem first = await ControlSystem.StartAsync(_options, Links, cancellation).ConfigureAwait(false);
        Adopt(first);
        // The port stays what it was, also when 0 was asked for: others know this host by it.
        _keeping = KeepAsync(first, _options with { Port = first.Endpoint.Port });
        return first;
    }

    /// <summary>
    /// Takes another certificate for the control links. Akka reads it when a system is made, so the one that runs leaves gracefully and another joins in its place, as after
    /// a cut: pods and tunnels go on. It happens once in nine months, long before the old one ends.
    /// </summary>
    /// <param name="tls">What is shown from now on.</param>
    public async Task RenewAsync(ControlTls tls)
    {
        Volatile.Write(ref _tls, tls);
        if (Current is not { } current)
            return;
        Volatile.Write(ref _renewing, 1);
        await current.LeaveAsync().ConfigureAwait(false);
    }

    /// <summary>Leaves gracefully and stops supervising.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
            return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (Current is { } current)
            await current.StopAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task KeepAsync(ControlSystem running, ControlOptions options)
    {
        while (true)
        {
            ControlEndReason reason = await running.Ended.ConfigureAwait(false);
            Volatile.Write(ref _current, null);
            if (_stopping.IsCancellationRequested)
                return;
            if (Volatile.Read(ref _watch) is { Elsewhere: { } there })
                WasIsland?.Invoke(there);
            if (Interlocked.Exchange(ref _renewing, 0) == 0)
                Lost?.Invoke(reason);
            ControlSystem? next = await RejoinAsync(options).ConfigureAwait(false);
            if (next is null)
                return;
            running = next;
            Rejoined?.Invoke(next);
        }
    }

    private async Task<ControlSystem?> RejoinAsync(ControlOptions options)
    {
        TimeSpan pause = FirstPause;
        while (true)
        {
            try
            {
                ControlSystem next = await ControlSystem.StartAsync(options with { Seeds = [.. _peers], Returns = true, Tls = Volatile.Read(ref _tls) }, Links, _stopping.Token).ConfigureAwait(false);
                Adopt(next);
                if (!_stopping.IsCancellationRequested)
                    return next;
                await next.StopAsync().ConfigureAwait(false);
                return null;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception exception)
            {
                RejoinFailed?.Invoke(exception);
            }
            try
            {
                await Task.Delay(pause, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private void Adopt(ControlSystem control)
    {
        control.Changed += snapshot => Remember(control.Endpoint, snapshot);
        Remember(control.Endpoint, control.Snapshot);
        _attach?.Invoke(control);
        Volatile.Write(ref _current, control);
        var watch = new IslandWatch(control, () => Peers);
        Volatile.Write(ref _watch, watch);
        _ = watch.RunAsync();
    }

    /// <summary>Keeps every host ever seen Up as a way back in; those that left gracefully are forgotten.</summary>
    private void Remember(ControlEndpoint self, Membership.ControlSnapshot snapshot)
    {
        foreach (Membership.ControlMember member in snapshot.Members)
        {
            if (member.Endpoint == self)
                continue;
            if (member.Status == MemberStatus.Exiting)
                ImmutableInterlocked.Update(ref _peers, peers => peers.Remove(member.Endpoint));
            else if (member.Status == MemberStatus.Up)
                ImmutableInterlocked.Update(ref _peers, peers => peers.Add(member.Endpoint));
        }
    }
}
