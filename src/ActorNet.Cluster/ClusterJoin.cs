using System.Collections.Immutable;
using System.Globalization;
using ActorNet.Cluster.Formation;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster;

/// <summary>
/// Brings a started control system into a cluster. Akka's own seed process cannot tell a wrong cluster from silence and waits for
/// ever, so the seeds are asked first, through <see cref="JoinGateActor"/>; only then the system joins, through one that is a member,
/// or forms the cluster where <see cref="ClusterSearch"/> says so.
/// </summary>
internal sealed class ClusterJoin(ControlSystem control)
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    /// <summary>How many times the limit is waited for while hosts answer that look for the same cluster.</summary>
    private const int LimitsWhileOthersSearch = 4;

    private readonly ControlOptions _options = control.Options;
    private string? _refusal;

    /// <summary>Asks a host where it stands; null when it does not answer in time.</summary>
    /// <param name="through">The control system that asks.</param>
    /// <param name="self">For whom.</param>
    /// <param name="peer">Who is asked.</param>
    /// <param name="claims">Whether its promise is wanted, see <see cref="FormationPromise"/>.</param>
    /// <param name="limit">Gives up.</param>
    public static async Task<JoinAnswer?> AskAsync(ControlSystem through, ControlEndpoint self, ControlEndpoint peer, bool claims, CancellationToken limit)
    {
        JoinHello hello = new(through.Options.ClusterName, JoinGateActor.ProtocolVersion, through.HostName, self.ToString(), claims, through.Options.Release.ToString());
        try
        {
            return await through.SelectOn(peer, JoinGateActor.Name).Ask<JoinAnswer>(hello, AnswerLimit, limit).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is AskTimeoutException || (exception is OperationCanceledException && !limit.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Returns true when this host is Up, false when the system ended before: the cluster downed or quarantined it on its way in.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        ControlEndpoint[] seeds = [.. _options.Seeds.Where(seed => seed != control.Endpoint)];
        ControlEndpoint? through = seeds.Length == 0 ? null : await SearchAsync(seeds, cancellation).ConfigureAwait(false);
        control.Cluster.Join(through is { } seed ? ControlConfiguration.AddressOf(_options, seed) : control.Cluster.SelfAddress);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_options.AdmissionTimeout);
        try
        {
            return await UpAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            string unreachable = string.Join(", ", control.Snapshot.Unreachable);
            throw new ControlStartException(ControlStartError.NotAdmitted, string.Create(CultureInfo.InvariantCulture,
                $"{through} answered, but its cluster did not admit '{_options.HostName}' within {_options.AdmissionTimeout.TotalSeconds:0.#} s{(unreachable.Length == 0 ? "" : $"; it cannot while these members are unreachable: {unreachable}")}. Try again when the cluster is whole."));
        }
    }

    /// <summary>Asks the others until one is a member; null when this host shall form the cluster.</summary>
    private async Task<ControlEndpoint?> SearchAsync(ControlEndpoint[] seeds, CancellationToken caller)
    {
        ClusterSearch search = new(control.Endpoint, _options.MayForm, _options.Returns, _options.WasMember);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(caller);
        limit.CancelAfter(_options.JoinTimeout);
        long begun = TimeProvider.System.GetTimestamp();
        bool anyAnswered = false;
        try
        {
            while (true)
            {
                StoreStanding? store = _options.Standing?.Invoke();
                ImmutableDictionary<ControlEndpoint, PeerView> views = await LookAsync(Others(seeds, store), limit.Token).ConfigureAwait(false);
                anyAnswered |= views.Values.Any(static view => view.State is PeerState.Outside or PeerState.Member);
                TimeSpan now = TimeProvider.System.GetElapsedTime(begun);
                switch (search.Next(views, store, now))
                {
                    case SearchStep.Join join when Promised(join) is { } member:
                        return member;
                    case SearchStep.Form when await BeginAsync(views, limit.Token).ConfigureAwait(false):
                    case SearchStep.Claim claim when await ClaimAsync(claim, limit.Token).ConfigureAwait(false):
                        return null;
                }
                // They will have formed the cluster in a moment.
                if (views.Values.Any(view => view.Returns || view.StoreMember.Length > 0 || (_options.WasMember && view.State == PeerState.Outside)) && now < (LimitsWhileOthersSearch - 1) * _options.JoinTimeout)
                    limit.CancelAfter(_options.JoinTimeout);
                await Task.Delay(AskAgainAfter, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw NoSeed(seeds, anyAnswered);
        }
    }

    // Whom this host let form the cluster may be one that it knew nothing of when it was started.
    private IEnumerable<ControlEndpoint> Others(ControlEndpoint[] seeds, StoreStanding? store)
    {
        IEnumerable<ControlEndpoint> others = store is { } known && _options.Returns ? seeds.Union(known.Others) : seeds;
        return (_options.Promise.Holder is { } holder ? others.Union([holder]) : others).Where(each => each != control.Endpoint);
    }

    private Task<JoinAnswer?> AskAsync(ControlEndpoint peer, bool claims, CancellationToken limit) => AskAsync(control, control.Endpoint, peer, claims, limit);

    private async Task<ImmutableDictionary<ControlEndpoint, PeerView>> LookAsync(IEnumerable<ControlEndpoint> others, CancellationToken limit)
    {
        KeyValuePair<ControlEndpoint, PeerView>[] views = await Task.WhenAll(others.Select(async each => KeyValuePair.Create(each, await LookAsync(each, limit).ConfigureAwait(false)))).ConfigureAwait(false);
        return ImmutableDictionary.CreateRange(views);
    }

    // A host that refuses connections or is silent is not asked: nothing would come back, and the answer would be waited for as long as a slow one's. So a
    // host that starts together with the first one joins as soon as that one listens.
    private async Task<PeerView> LookAsync(ControlEndpoint peer, CancellationToken limit)
    {
        PortState port = await PortProbe.AskAsync(peer, AnswerLimit, control.Links, limit).ConfigureAwait(false);
        if (port == PortState.Refuses)
            _refusal = $"{peer} refuses the connection.";
        if (port != PortState.Listens)
            return new PeerView(port == PortState.Refuses ? PeerState.Refuses : PeerState.Silent);
        if (await AskAsync(peer, claims: false, limit).ConfigureAwait(false) is not { } answer)
            return new PeerView(PeerState.Silent);
        Refuse(peer, answer);
        return new PeerView(answer.IsMember ? PeerState.Member : PeerState.Outside, answer.Returns, answer.LeadsTerm, answer.StoreMember ?? "", answer.Hosts);
    }

    // Whom this host promised to let form the cluster is joined, or nobody until the promise ends.
    private ControlEndpoint? Promised(SearchStep.Join join)
    {
        ControlEndpoint member = _options.Promise.Holder is { } holder && join.Members.Contains(holder) ? holder : join.Members[0];
        return _options.Promise.TryGive(member) ? member : null;
    }

    private async Task<bool> ClaimAsync(SearchStep.Claim claim, CancellationToken limit)
    {
        long asked = TimeProvider.System.GetTimestamp();
        if (_options.Promise.TryGiveToForm(control.Endpoint))
        {
            JoinAnswer?[] answers = await Task.WhenAll(claim.Electors.Select(each => AskAsync(each, claims: true, limit))).ConfigureAwait(false);
            if (answers.Count(static answer => answer is { IsMember: false, Grants: true }) >= claim.Needed && TimeProvider.System.GetElapsedTime(asked) < FormationPromise.Lasts / 2)
                return true;
        }

        _options.Promise.TakeBack(control.Endpoint);
        return false;
    }

    // Who was started to form needs no majority; but where a host that answers lets another one form, that one is waited for.
    private async Task<bool> BeginAsync(ImmutableDictionary<ControlEndpoint, PeerView> views, CancellationToken limit)
    {
        if (!_options.Promise.TryGive(control.Endpoint))
            return false;
        JoinAnswer?[] answers = await Task.WhenAll(views.Where(static each => each.Value.State == PeerState.Outside).Select(each => AskAsync(each.Key, claims: true, limit))).ConfigureAwait(false);
        if (!answers.Any(static answer => answer is { IsMember: true } or { IsPromised: true }))
            return true;
        _options.Promise.TakeBack(control.Endpoint);
        return false;
    }

    private void Refuse(ControlEndpoint seed, JoinAnswer answer)
    {
        if (answer.ClusterName != _options.ClusterName)
        {
            throw new ControlStartException(ControlStartError.ClusterNameMismatch,
                $"{seed} belongs to the cluster '{answer.ClusterName}', this host to '{_options.ClusterName}': give the address of a host of the right cluster.");
        }
        if (answer.Version != JoinGateActor.ProtocolVersion)
        {
            throw new ControlStartException(ControlStartError.VersionMismatch,
                $"{seed} speaks version {answer.Version} of the control protocol, this host version {JoinGateActor.ProtocolVersion}: start the actornet here that the cluster's hosts run{(answer.Release is { } its ? $", {its}" : "")}.");
        }
        if (Release.TryParse(answer.Release, out Release there) && Release.Misfit(_options.Release, $"host {answer.ReleaseHost} of the cluster", there) is { } misfit)
            throw new ControlStartException(ControlStartError.VersionMismatch, $"{seed} answered: {misfit}");
        if (answer.HostNameHolder.Length > 0)
        {
            throw new ControlStartException(ControlStartError.HostNameTaken,
                $"The cluster has a host '{_options.HostName}' at {answer.HostNameHolder} already: give this host another name.");
        }
    }

    private async Task<bool> UpAsync(CancellationToken limit)
    {
        TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(ControlSnapshot snapshot)
        {
            if (snapshot.SelfStatus == MemberStatus.Up)
                up.TrySetResult();
        }
        control.Changed += Look;
        try
        {
            Look(control.Snapshot);
            return await Task.WhenAny(up.Task, control.Ended).WaitAsync(limit).ConfigureAwait(false) == up.Task;
        }
        finally
        {
            control.Changed -= Look;
        }
    }

    private ControlStartException NoSeed(ControlEndpoint[] seeds, bool anyAnswered)
    {
        string asked = string.Join(", ", seeds);
        string waited = string.Create(CultureInfo.InvariantCulture, $"{_options.JoinTimeout.TotalSeconds:0.#} s");
        if (_options.Standing?.Invoke() is { Size: > 1, IsMember: true } store)
        {
            return new ControlStartException(ControlStartError.SeedNotInCluster, $"No host that is in the cluster answered within {waited} (asked: {asked}), and too few that keep its store to form it anew: start {(store.Size / 2) + 1} of {string.Join(", ", store.Members)} at the same time, or the host with --init.{Said()}");
        }
        if (anyAnswered)
            return new ControlStartException(ControlStartError.SeedNotInCluster, $"{asked} answered within {waited} but is in no cluster itself: start one host with --init.");
        return new ControlStartException(ControlStartError.SeedUnreachable,
            $"No host to join answered within {waited} (asked: {asked}). Check address and port, that the host runs, and that no firewall or other certificate authority is between.{Said()}");
    }

    private string Said() => (control.LastError?.Message ?? _refusal) is { } heard ? $" The last thing heard: {heard}" : "";
}
