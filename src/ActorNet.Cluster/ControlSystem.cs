using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using Akka.Actor;
using Akka.Remote;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorNet.Cluster;

/// <summary>Why a control system ended.</summary>
public enum ControlEndReason
{
    /// <summary><see cref="ControlSystem.StopAsync"/> was called, or the member left gracefully.</summary>
    Stopped,

    /// <summary>The rest of the cluster, or this side's own resolver, decided that this member is out.</summary>
    Downed,

    /// <summary>Another member has quarantined this incarnation and will never talk to it again.</summary>
    Quarantined,

    /// <summary>The actor system ended for a reason it did not tell.</summary>
    Unknown,
}

/// <summary>
/// The clustered, disposable ActorSystem "control" of a host. It never ends the process: when it is downed or quarantined it ends
/// by itself and <see cref="Ended"/> completes; a new one, made by <see cref="ControlSupervisor"/>, joins again.
/// </summary>
public sealed class ControlSystem : IAsyncDisposable
{
    private static readonly CoordinatedShutdown.Reason Quarantine = new QuarantinedReason();
    private static readonly CoordinatedShutdown.Reason Stop = new StoppedReason();

    /// <summary>Akka waits for ever for a transport that failed while it started.</summary>
    private static readonly TimeSpan CreationLimit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many systems may join one after the other. A host that restarted while others still connect to its old incarnation may be downed or
    /// quarantined before it is Up; only a new system can then join.
    /// </summary>
    private const int Incarnations = 3;

    /// <summary>How long goodbyes may take: a registry that moves or recovers needs a few seconds, a cut must not hold the host up.</summary>
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource<ControlEndReason> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ControlOptions _options;
    private ControlSnapshot _snapshot = ControlSnapshot.Empty;
    private ControlLogEntry? _lastError;
    private long _lateHeartbeats;
    private Func<CancellationToken, Task>? _goodbye;

    private ControlSystem(ControlOptions options, ControlLinks links)
    {
        _options = options;
        Links = links;
        LinkBuffers.UseNoPool();
        System = ActorSystem.Create(ControlConfiguration.SystemName, ControlConfiguration.Setup(options, links));
        Cluster = AkkaCluster.Get(System);
        Endpoint = ControlEndpoint.Of(Cluster.SelfAddress);
    }

    /// <summary>Called with every new snapshot, on the control system's threads; must not block.</summary>
    public event Action<ControlSnapshot>? Changed;

    /// <summary>The actor system.</summary>
    public ActorSystem System { get; }

    /// <summary>Its cluster extension.</summary>
    public AkkaCluster Cluster { get; }

    /// <summary>What other hosts reach this one by; tells the port when 0 was asked for.</summary>
    public ControlEndpoint Endpoint { get; }

    /// <summary>The host's name.</summary>
    public string HostName => _options.HostName;

    /// <summary>The faults of this host's control links.</summary>
    public ControlLinks Links { get; }

    /// <summary>The cluster as this host sees it now.</summary>
    public ControlSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>How often a heartbeat left late, which endangers this host's membership: a sign of starved threads.</summary>
    public long LateHeartbeats => Interlocked.Read(ref _lateHeartbeats);

    /// <summary>Completes with the reason when the system has ended; its port is free then.</summary>
    public Task<ControlEndReason> Ended => _ended.Task;

    internal ControlOptions Options => _options;

    /// <summary>Starts the system and joins, or forms, the cluster; returns when this host is Up.</summary>
    /// <param name="options">How.</param>
    /// <param name="links">The faults of the host's links; the same object for the whole life of the process.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlStartException">It did not start or join; nothing is left running.</exception>
    public static async Task<ControlSystem> StartAsync(ControlOptions options, ControlLinks? links = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ControlStartChecks.Check(options);
        links ??= new ControlLinks();
        for (int incarnation = 1; ; incarnation++)
        {
            ControlSystem control = await CreateAsync(options, links, cancellation).ConfigureAwait(false);
            if (await control.JoinAsync(cancellation).ConfigureAwait(false))
                return control;
            ControlEndReason reason = await control.Ended.ConfigureAwait(false);
            if (incarnation == Incarnations)
                throw ControlStartChecks.PutOut(options, reason, incarnation);
            control.Hear(new ControlLogEntry(DateTime.UtcNow, false, nameof(ControlSystem), $"The cluster put '{options.HostName}' out on its way in ({reason}); it joins anew."));
            options = options with { Port = control.Endpoint.Port };
        }
    }

    /// <summary>
    /// Says goodbye, leaves the cluster gracefully and ends the system; bounded by the shutdown phases' time limits, about 23 s at
    /// worst.
    /// </summary>
    public async Task StopAsync()
    {
        await SayGoodbyeAsync().ConfigureAwait(false);
        await CoordinatedShutdown.Get(System).Run(Stop).ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>Leaves the cluster gracefully and ends the system without a goodbye: the host goes on, and comes back with another system.</summary>
    internal async Task LeaveAsync()
    {
        await CoordinatedShutdown.Get(System).Run(Stop).ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
    }

    /// <summary>Where an actor of another host's control system is.</summary>
    /// <param name="host">The host's endpoint.</param>
    /// <param name="path">Path below /user, as "control-links".</param>
    public ActorSelection SelectOn(ControlEndpoint host, string path) =>
        System.ActorSelection(new RootActorPath(ControlConfiguration.AddressOf(_options, host)) / "user" / path.Split('/'));

    /// <summary>Starts the actor that speaks for this host to the others; once per system.</summary>
    /// <param name="describe">The host's description as JSON, at most 60 KB; called on a control thread.</param>
    public void StartAgent(Func<byte[]> describe) => System.ActorOf(Props.Create(() => new HostAgentActor(describe)), HostAgentActor.Name);

    /// <summary>Asks another host's agent for its description.</summary>
    /// <param name="host">A member's name.</param>
    /// <param name="patience">How long an answer is waited for.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The description as JSON, or null when the host is no member or does not answer.</returns>
    public async Task<byte[]?> DescribeAsync(string host, TimeSpan patience, CancellationToken cancellation)
    {
        if (Snapshot.Find(host) is not { } member)
            return null;
        try
        {
            var ask = new DescribeHost(Guid.NewGuid().ToString("N"));
            return (await SelectOn(member.Endpoint, HostAgentActor.Name).Ask<HostDescribed>(ask, patience, cancellation).ConfigureAwait(false)).Json;
        }
        catch (Exception exception) when (exception is AskTimeoutException or ObjectDisposedException)
        {
            // This system may have ended meanwhile.
            return null;
        }
    }

    /// <summary>Sets what is done while still in the cluster when <see cref="StopAsync"/> is called; once per system.</summary>
    /// <param name="goodbye">It may be cancelled after a few seconds: a cut must not hold the host up.</param>
    public void BeforeLeaving(Func<CancellationToken, Task> goodbye) => Volatile.Write(ref _goodbye, goodbye);

    /// <summary>Asks a host that is no member where it stands, by a control system that is made for it: Akka may no longer let this one speak with it. Null: no answer.</summary>
    internal async Task<JoinAnswer?> ScoutAsync(ControlEndpoint peer)
    {
        try
        {
            ControlSystem scout = await CreateAsync(_options with { Port = 0, Log = null }, Links, CancellationToken.None).ConfigureAwait(false);
            try
            {
                return await ClusterJoin.AskAsync(scout, Endpoint, peer, claims: false, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                await scout.System.Terminate().ConfigureAwait(false);
            }
        }
        catch (ControlStartException)
        {
            // No port is free, or the address is gone: it is asked again later.
            return null;
        }
    }

    internal ControlLogEntry? LastError => Volatile.Read(ref _lastError);

    /// <summary>Ends the system without leaving: for a host that never joined.</summary>
    internal async Task TerminateAsync()
    {
        await System.Terminate().ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
    }

    private static async Task<ControlSystem> CreateAsync(ControlOptions options, ControlLinks links, CancellationToken cancellation)
    {
        try
        {
            return await Task.Run(() => new ControlSystem(options, links), cancellation).WaitAsync(CreationLimit, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw ControlStartChecks.ListenFailed(options, exception);
        }
    }

    /// <summary>Joins; false when the system ended before it was Up. When joining fails nothing is left running.</summary>
    private async Task<bool> JoinAsync(CancellationToken cancellation)
    {
        try
        {
            Watch();
            return await new ClusterJoin(this).RunAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await TerminateAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Watch()
    {
        System.ActorOf(Props.Create(() => new ControlLogActor(Hear)), "log");
        System.ActorOf(Props.Create(() => new MembershipActor(Links, Publish)), "membership");
        System.ActorOf(Props.Create(() => new JoinGateActor(_options, () => Snapshot)), JoinGateActor.Name);
        System.ActorOf(Props.Create(() => new ControlLinksActor(Links)), ControlLinksActor.Name);
        System.ActorOf(Props.Create(() => new OrphanedAssociationActor(Links.Live)), OrphanedAssociationActor.Name);
        System.ActorOf(Props.Create(() => new QuarantineActor(LeaveQuarantined)), "quarantine");
        System.ActorOf(Props.Create(() => new RefusedMemberActor(Links)), "refused-members");
        _ = CompleteWhenTerminated();
    }

    private async Task SayGoodbyeAsync()
    {
        if (Ended.IsCompleted || Interlocked.Exchange(ref _goodbye, null) is not { } goodbye)
            return;
        using CancellationTokenSource limit = new(GoodbyeLimit);
        try
        {
            // A system that is ending already answers nothing.
            await Task.WhenAny(goodbye(limit.Token), Ended).Unwrap().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or Kubernetes.Errors.ApiException)
        {
            Hear(new ControlLogEntry(DateTime.UtcNow, false, nameof(ControlSystem), $"The goodbye was not heard within {GoodbyeLimit.TotalSeconds:0} s: {exception.Message}"));
        }
        finally
        {
            await limit.CancelAsync().ConfigureAwait(false);
        }
    }

    private void Hear(ControlLogEntry entry)
    {
        if (entry.Message.Contains(ControlLogActor.LateHeartbeat, StringComparison.Ordinal))
            Interlocked.Increment(ref _lateHeartbeats);
        Volatile.Write(ref _lastError, entry);
        _options.Log?.Invoke(entry);
    }

    private void Publish(ControlSnapshot snapshot)
    {
        Volatile.Write(ref _snapshot, snapshot);
        Changed?.Invoke(snapshot);
    }

    private void LeaveQuarantined() => _ = CoordinatedShutdown.Get(System).Run(Quarantine);

    private async Task CompleteWhenTerminated()
    {
        await System.WhenTerminated.ConfigureAwait(false);
        EndedSystem.Release(System);
        // The next system begins when this one is said to have ended; a connection that was never told of its end is not kept for it.
        Links.Live.Clear();
        _ended.TrySetResult(CoordinatedShutdown.Get(System).ShutdownReason switch
        {
            QuarantinedReason => ControlEndReason.Quarantined,
            CoordinatedShutdown.ClusterDowningReason => ControlEndReason.Downed,
            StoppedReason or CoordinatedShutdown.ClusterLeavingReason or CoordinatedShutdown.ActorSystemTerminateReason => ControlEndReason.Stopped,
            _ => ControlEndReason.Unknown,
        });
    }

    private sealed class QuarantinedReason : CoordinatedShutdown.Reason
    {
        // Never used: the process does not end with this system.
        public override int ExitCode => 0;
    }

    private sealed class StoppedReason : CoordinatedShutdown.Reason
    {
        public override int ExitCode => 0;
    }

    /// <summary>Hears from Akka.Remote that a peer has quarantined this incarnation.</summary>
    private sealed class QuarantineActor(Action leave) : UntypedActor
    {
        protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));

        protected override void OnReceive(object message)
        {
            if (message is ThisActorSystemQuarantinedEvent)
                leave();
        }
    }
}
