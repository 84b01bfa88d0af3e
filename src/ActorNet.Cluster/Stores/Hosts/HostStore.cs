using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Formation;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;
using Akka.Actor;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>
/// A host's disk in the cluster's store. It lives as long as the process, whatever becomes of control systems: who is a member, only the log
/// decides. The member that leads adds and removes the others, by <see cref="StorePlan"/>.
/// </summary>
public sealed class HostStore : IAsyncDisposable
{
    // What the names of a store's directory say when its disk was taken out while it was away.
    private const string Aside = ".removed";

    // A change that cannot be made now, as the other one does not answer, is not to hold up the next one for ever.
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(20);
    // How often a leader, which speaks once a second, has to leave this disk out.
    private const int TimesNotCounted = 3;

    // Once a second: as long as a few elections.
    private const int LooksForAnother = 15;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(1);

    // An election, another disk where the other host's was taken out before, and all objects on their way to it.
    private static readonly TimeSpan HandOverLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TakeOutLimit = TimeSpan.FromSeconds(20);

    private readonly HostStoreOptions _options;
    private readonly ControlLinks _links;
    private readonly ConcurrentDictionary<string, Place> _places = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource<StoreException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // Whether the copies of other members are as this one's; those that are not and have been spoken of.
    private readonly ConcurrentDictionary<string, bool> _otherCopies = new(StringComparer.Ordinal), _otherCopiesTold = new(StringComparer.Ordinal);
    private StoreIdentity _identity;
    private RaftObjectStore? _store;
    private TaskCompletionSource<RaftObjectStore> _serving = New();
    private CancellationTokenSource? _removed;
    private LiveCredentials? _credentials;
    private Task _running = Task.CompletedTask;
    private Task _changing = Task.CompletedTask;
    private Task _moving = Task.CompletedTask;
    private int _looksWithoutLeader;
    private string? _problem;
    private volatile bool _isLeaving, _handsOver;
    private TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _notCounted;
    private LeaderHeard _heard = new(0, []);
    private IActorRef _actor = ActorRefs.Nobody;

    private HostStore(HostStoreOptions options, ControlLinks links, StoreIdentity identity, RaftObjectStore store) =>
        (_options, _links, _identity, _store) = (options, links, identity, store);

    /// <summary>Completes with what went wrong when the store of this host can no longer run.</summary>
    public Task<StoreException> Failed => _failed.Task;

    /// <summary>The store as this host sees it.</summary>
    public StoreStatus Status
    {
        get
        {
            RaftObjectStore? store = Volatile.Read(ref _store);
            bool serves = Volatile.Read(ref _serving).Task.IsCompletedSuccessfully;
            string state = store is null || !serves || store.Leader is null ? "waits" : store.IsLeader ? "leads" : "follows";
            return new StoreStatus(_identity.Name, state, store?.Leader, store?.Members ?? [], store?.Revision ?? 0, Volatile.Read(ref _problem) ?? store?.Problem, store?.Refused ?? 0)
            {
                Term = store?.Term ?? 0,
                CommitIndex = store?.CommitIndex ?? 0,
                CompactRevision = store?.CompactRevision ?? 0,
                Copy = store?.Fingerprint is { } copy ? string.Create(CultureInfo.InvariantCulture, $"{copy.Index}:{copy.Hash:x16}") : null,
            };
        }
    }

    /// <summary>Who decides with this host who forms the cluster anew when all have lost it.</summary>
    public StoreStanding Standing
    {
        get
        {
            RaftObjectStore? store = Volatile.Read(ref _store);
            // A process that has just begun takes part when it is in the cluster; until then it knows what its disk says.
            IReadOnlyList<string> own = store is { Members.Count: > 0 } ? store.Members : store?.MembersOnDisk ?? [];
            LeaderHeard heard = Volatile.Read(ref _heard);
            // A host without a disk in the store knows what a leader said.
            IReadOnlyList<string> members = own.Contains(_identity.Name) ? own : heard.Members;
            bool isMember = members.Contains(_identity.Name);
            return new StoreStanding(members.Count, isMember,
                [.. members.Select(Find).OfType<StorePeer>().Select(static peer => peer.Control)], store is { IsLeader: true } ? store.OwnTerm : 0, Math.Max(store?.Term ?? 0, heard.Term))
            {
                Member = isMember ? _identity.Name : "",
                Members = [.. members],
            };
        }
    }

    /// <summary>Whether a host holds a disk of the store, as this one sees it.</summary>
    /// <param name="host">The host's name.</param>
    public bool IsHeldBy(string host) => Volatile.Read(ref _store)?.Members.Any(member => StoreNames.HostOf(member) == host) == true;

    /// <summary>Reads what lies in the store's directory; nobody else hears of it yet.</summary>
    /// <param name="options">The host's part.</param>
    /// <param name="links">The faults of the host's control links.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreDamagedException">The directory holds what cannot be read, or is another host's.</exception>
    public static async Task<HostStore> OpenAsync(HostStoreOptions options, ControlLinks links, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckPort(options.Listen);
        var identity = StoreIdentity.LoadOrCreate(options.Directory, options.HostName);
        return new HostStore(options, links, identity, await OpenAsync(options, identity, cancel).ConfigureAwait(false));
    }

    /// <summary>Begins to take part; once.</summary>
    /// <param name="credentials">What this host shows and trusts.</param>
    /// <exception cref="StoreDamagedException">The directory holds another cluster's objects.</exception>
    public void Start(LiveCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        _identity = _identity.Of(_options.Directory, StoreIdentity.ClusterOf(credentials.Now.Authority.RawData));
        _credentials = credentials;
        _running = RunAsync();
    }

    /// <summary>The store, once this host takes part in it.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task<IObjectStore> ObtainAsync(CancellationToken cancel) => await Volatile.Read(ref _serving).Task.WaitAsync(cancel).ConfigureAwait(false);

    /// <summary>Tells the other hosts of this one's disk, through a control system. Once for each.</summary>
    public void Attach(ControlSystem control)
    {
        ArgumentNullException.ThrowIfNull(control);
        Volatile.Write(ref _actor, control.System.ActorOf(Props.Create(() => new StoreActor(this, control)), StoreActor.Name));
    }

    /// <summary>
    /// Before this host leaves the cluster: where the store is on its disk alone another host gets it, too, and leads from then on. What else there is to
    /// be done is <see cref="LeaveAsync"/>'s; until then the API goes on, wherever it is.
    /// </summary>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The host that has all of it now; null: nothing was to be done, or nobody took it.</returns>
    public async Task<string?> HandOverAsync(CancellationToken cancel)
    {
        if (Status is not { State: "leads", Members.Count: 1 or 2 })
            return null;
        _handsOver = true;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(HandOverLimit);
        try
        {
            Volatile.Read(ref _actor).Tell(StoreActor.Look.Instance);
            while (true)
            {
                await Task.Delay(LookAgain, limit.Token).ConfigureAwait(false);
                // It may be its only member already.
                if (HasLeft && Volatile.Read(ref _heard).Members is [var only])
                    return StoreNames.HostOf(only);
                if (Status is { State: "follows", Leader: { } heir, Members.Count: 2 } && heir != _identity.Name)
                    return StoreNames.HostOf(heir);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The host stays in the cluster after all.</summary>
    public void Stay()
    {
        _isLeaving = _handsOver = false;
        Volatile.Write(ref _left, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    /// <summary>
    /// Leaves the store: asks the member that leads to take this one out and waits for it. Where this one leads it stands aside and nobody is asked; the next
    /// leader takes it out. Where the others are a majority without it, what is not answered in time is no harm: a member that is away can be taken out, too.
    /// </summary>
    /// <param name="cancel">Gives up waiting.</param>
    /// <returns>False: one other member alone is left, and has not taken this one out. It would wait for this one's vote for ever.</returns>
    public async Task<bool> LeaveAsync(CancellationToken cancel)
    {
        _isLeaving = true;
        Volatile.Read(ref _actor).Tell(StoreActor.Look.Instance);
        StoreStatus status = Status;
        if (HasLeft || !status.Members.Contains(status.Member))
            return true;
        bool isNeeded = status.Members.Count == 2;
        if (status.State != "follows")
            return !isNeeded;
        await Volatile.Read(ref _left).Task.WaitAsync(isNeeded ? TakeOutLimit : LeaveLimit, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !isNeeded || HasLeft;
    }

    /// <summary>What stands against this host's leaving for good, as a sentence; null: the store goes on without it.</summary>
    /// <param name="reachable">The other hosts of the cluster that answer.</param>
    public string? WhyNotLeave(IReadOnlyCollection<string> reachable) => HasLeft ? null : StorePlan.WhyNotLeave(Status.Members, _identity.Name, Status.Leader, reachable);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _changing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _moving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Interlocked.Exchange(ref _store, null) is { } store)
            await store.DisposeAsync().ConfigureAwait(false);
        _ending.Dispose();
    }

    /// <summary>What other hosts are told; null before this one takes part.</summary>
    internal TellStore? Telling(bool isAnswer)
    {
        if (_credentials is null || Volatile.Read(ref _store) is not { } store)
            return null;
        bool leads = store.IsLeader;
        CopyFingerprint copy = store.Fingerprint ?? default;
        return new TellStore(_identity.Name, _options.HostName, _options.Listen.Address.ToString(), _options.Listen.Port, isAnswer, _isLeaving, leads ? store.OwnTerm : 0, leads ? [.. store.Members] : [], copy.Index, copy.Hash) { IsFull = !store.HasRoom };
    }

    /// <summary>Takes what another host says; false when it cannot be.</summary>
    internal bool Hear(TellStore told, ControlEndpoint control)
    {
        if (told.Host == _options.HostName || StoreNames.HostOf(told.Member) != told.Host)
            return false;
        _places[told.Host] = new Place(told.Member, told.IsLeaving, told.IsFull, new StorePeer(told.Host, control, new IPEndPoint(IPAddress.Parse(told.Address), told.Port)));
        if (told.LeadsTerm > 0)
        {
            if (told.LeadsTerm >= Volatile.Read(ref _heard).Term)
                Volatile.Write(ref _heard, new LeaderHeard(told.LeadsTerm, [.. told.Members]));
            HearLeader(told);
        }

        Compare(told);
        return true;
    }

    /// <summary>Brings the members nearer to what they should be, if this one leads and no change is under way.</summary>
    internal void Keep(ControlSnapshot cluster)
    {
        if (_moving.IsCompleted && Volatile.Read(ref _store) is { } held)
            _moving = MindLeadAsync(held, cluster);
        if (!_changing.IsCompleted || Volatile.Read(ref _store) is not { IsLeader: true } store)
            return;
        StoreCandidate[] others = [.. _places.Values
            .Select(place => (Place: place, Member: cluster.Find(place.Peer.Host)))
            .Where(static each => each.Member is not null || each.Place.IsLeaving)
            // A disk without room cannot be brought up to date: it must not keep one that has room from being added.
            .Select(static each => new StoreCandidate(each.Place.Member, each.Place.Peer.Host, each.Member is { IsReachable: true } && !each.Place.IsFull, each.Place.IsLeaving))];
        var own = new StoreCandidate(_identity.Name, _options.HostName, true, Goes);
        if (StorePlan.Next(store.Members, own.Member, [own, .. others], [.. store.Removed, .. WrongCopies(store)], cluster.SingletonHost, _options.IsGone) is { } change)
            _changing = ChangeAsync(store, change);
        else
            Volatile.Write(ref _problem, null);
    }

    private bool Goes => _isLeaving || _handsOver;

    private bool HasLeft => Volatile.Read(ref _left).Task.IsCompleted;

    // A leader whose disk is full refuses the writes of the whole store: one with room is to lead. Where nobody has any, who leads stays, so that reads go on.
    // So does one on the API server's host: a disk without room takes nothing of another leader either, and what the API reads and watches is its own copy.
    // A leader that leaves the cluster lets another lead first: two members elect nobody when one of them has gone. Before a change of the members has ended
    // not all of them know of it, so one that has just been added would never stand.
    // Standing aside ends with its reason, and also when no other was elected: a store that can be read is more than one without a leader, and a member that
    // has not heard yet that it is one hears it from this one. Then it is tried again.
    private async Task MindLeadAsync(RaftObjectStore store, ControlSnapshot cluster)
    {
        _looksWithoutLeader = store.Leader is null ? _looksWithoutLeader + 1 : 0;
        try
        {
            if (store.StandsAside && store.Members.Contains(_identity.Name))
            {
                if ((!Goes && store.HasRoom) || _looksWithoutLeader > LooksForAnother)
                    await store.StandAgainAsync(_ending.Token).ConfigureAwait(false);
            }
            else if (store.IsLeader && _changing.IsCompleted && WhyNotLead(store, cluster) is { } reason
                && _places.Values.Any(each => !each.IsFull && store.Members.Contains(each.Member) && cluster.Find(each.Peer.Host) is { IsReachable: true }))
            {
                _options.Tell($"the store's member {_identity.Name} leads no more, as {reason}");
                await store.StandAsideAsync(_ending.Token).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The store is being ended, or is not yet begun: the next look tries again.
        }
    }

    private string? WhyNotLead(RaftObjectStore store, ControlSnapshot cluster) =>
        Goes ? "its host leaves the cluster" : !store.HasRoom && cluster.SingletonHost != _options.HostName ? "its disk has no room and another's has" : null;

    private static void CheckPort(IPEndPoint listen)
    {
        try
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(listen);
        }
        catch (SocketException taken)
        {
            throw new StoreException($"the store cannot listen on TCP {listen}: {taken.Message}. Stop what listens there, or give this host another --store-port.", taken);
        }
    }

    private static TaskCompletionSource<RaftObjectStore> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static Task<RaftObjectStore> OpenAsync(HostStoreOptions options, StoreIdentity identity, CancellationToken cancel) => RaftObjectStore.OpenAsync(
        new RaftStoreOptions
        {
            Directory = Path.Combine(options.Directory, StoreIdentity.Data),
            IdentityDirectory = options.Directory,
            Name = identity.Name,
            MayForm = options.MayForm,
            ElectionTimeout = options.ElectionTimeout,
            // A majority may come back at any time; nothing is gained by giving up.
            StartLimit = Timeout.InfiniteTimeSpan,
        },
        cancel);

    // A leader of this member's term or a newer one knows every committed change of the members. One that does not count this disk among
    // them has taken it out while it was away: what it holds is no longer the cluster's, and under its old name it would never be asked again.
    private void HearLeader(TellStore leader)
    {
        if (Volatile.Read(ref _store) is not { } store || leader.LeadsTerm < store.Term || leader.Members.Contains(_identity.Name) || store.Members.Count == 0)
        {
            Interlocked.Exchange(ref _notCounted, 0);
            return;
        }

        if (Goes)
            Volatile.Read(ref _left).TrySetResult();
        // What was on its way while a member was being added is out of date when it comes, and is not said again.
        if (Goes || store.Leader is not null || Interlocked.Increment(ref _notCounted) < TimesNotCounted)
            return;
        try
        {
            Volatile.Read(ref _removed)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It begins anew already.
        }
    }

    // Copies are made of one log, so they are the same up to the same entry; where not, nothing tells which is right but how many there are of each. A
    // member serves nothing from a copy that is not its leader's, a leader nothing from one that most others have not; a leader takes out the few.
    private void Compare(TellStore told)
    {
        var other = new CopyFingerprint(told.CopyIndex, told.CopyHash);
        if (Volatile.Read(ref _store) is not { } store || !store.Members.Contains(told.Member) || !store.Members.Contains(_identity.Name) || store.Agrees(other) is not { } agrees)
            return;
        // A copy that differed once does from there on.
        _otherCopies.AddOrUpdate(told.Member, agrees, (_, before) => before && agrees);
        if (agrees)
            return;
        if (_otherCopiesTold.TryAdd(told.Member, true))
            _options.Tell($"the store's copy of {told.Member} is not that of {_identity.Name}: they differ at entry {told.CopyIndex} of the log or before");
        // One that led before says so until it hears of the next.
        if ((told.LeadsTerm > 0 && told.LeadsTerm >= store.Term) || (store.IsLeader && 2 * Copies(store, same: false) > store.Members.Count))
        {
            store.Refuse($"the copy of the store's member {_identity.Name} is not that of {told.Member}: they differ at entry {told.CopyIndex} of the log or before, so it serves nothing. "
                + $"The leader replaces it when most members have the leader's; else see store.copy in the status of all hosts: on the one that has it alone remove {_options.Directory}, and start all again.");
        }
    }

    private int Copies(RaftObjectStore store, bool same) => store.Members.Count(member => _otherCopies.TryGetValue(member, out bool isSame) && isSame == same);

    // Only where most members are known to have this one's copy.
    private IEnumerable<string> WrongCopies(RaftObjectStore store) =>
        2 * (1 + Copies(store, same: true)) > store.Members.Count ? store.Members.Where(member => _otherCopies.TryGetValue(member, out bool isSame) && !isSame) : [];

    private async Task ChangeAsync(RaftObjectStore store, StoreChange change)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(ChangeLimit);
        try
        {
            await (change.IsAdded ? store.AddMemberAsync(change.Member, limit.Token) : store.RemoveMemberAsync(change.Member, limit.Token)).ConfigureAwait(false);
            Volatile.Write(ref _problem, null);
            Volatile.Read(ref _actor).Tell(StoreActor.Look.Instance);
            _options.Tell($"the store {(change.IsAdded ? "has a new member" : "has no longer the member")} {change.Member}: {change.Why}");
        }
        catch (Exception failure) when (!_ending.IsCancellationRequested)
        {
            Volatile.Write(ref _problem, $"{change.Member} could not be {(change.IsAdded ? "added" : "removed")}: {(failure is OperationCanceledException ? $"no answer within {ChangeLimit.TotalSeconds:0} s" : failure.Message)}");
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_ending.IsCancellationRequested)
            {
                using CancellationTokenSource removed = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
                Volatile.Write(ref _removed, removed);
                RaftObjectStore store = _store!;
                await ServeAsync(store, removed.Token).ConfigureAwait(false);
                if (!_ending.IsCancellationRequested)
                    await BeginAgainAsync(store).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (!_ending.IsCancellationRequested)
        {
            StoreException reason = failure as StoreException ?? new StoreException($"the store of {_options.HostName} ended: {failure.Message}", failure);
            _serving.TrySetException(reason);
            _failed.TrySetResult(reason);
        }
    }

    private async Task ServeAsync(RaftObjectStore store, CancellationToken removed)
    {
        var peers = new StorePeerOptions { Listen = _options.Listen, Find = Find, Credentials = _credentials, Links = _links };
        try
        {
            await store.ServeAsync(peers, removed).ConfigureAwait(false);
            _serving.TrySetResult(store);
            await Task.Delay(Timeout.Infinite, removed).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (removed.IsCancellationRequested)
        {
            // The host ends, or the disk was taken out of the store.
        }
    }

    private async Task BeginAgainAsync(RaftObjectStore store)
    {
        Interlocked.Exchange(ref _notCounted, 0);
        // Who waits for a store that never came goes on waiting for the next.
        if (_serving.Task.IsCompleted)
            Volatile.Write(ref _serving, New());
        Volatile.Write(ref _store, null);
        await store.DisposeAsync().ConfigureAwait(false);
        string cluster = _identity.Cluster, aside = _options.Directory + Aside;
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.Move(_options.Directory, aside);
        _options.Tell($"the store took the member {_identity.Name} out while it was away; this host joins with an empty disk, and what it had is in {aside}");
        _identity = StoreIdentity.LoadOrCreate(_options.Directory, _options.HostName).Of(_options.Directory, cluster);
        Volatile.Write(ref _store, await OpenAsync(_options with { MayForm = false }, _identity, _ending.Token).ConfigureAwait(false));
    }

    private StorePeer? Find(string member) =>
        _places.TryGetValue(StoreNames.HostOf(member), out Place? place) && place.Member == member ? place.Peer : null;

    private sealed record LeaderHeard(long Term, ImmutableArray<string> Members);

    private sealed record Place(string Member, bool IsLeaving, bool IsFull, StorePeer Peer);
}
