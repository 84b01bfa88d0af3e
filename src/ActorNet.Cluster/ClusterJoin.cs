using System.Globalization;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster;

/// <summary>
/// Brings a started control system into a cluster. Akka's own seed process cannot tell a wrong cluster from silence and waits for
/// ever, so the seeds are asked first, through <see cref="JoinGateActor"/>; only then the system joins, through one that is a member.
/// </summary>
internal sealed class ClusterJoin(ControlSystem control)
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    /// <summary>How many silent rounds of asking a host that may form a cluster waits for its seeds.</summary>
    private const int RoundsBeforeForming = 3;

    private readonly ControlOptions _options = control.Options;
    private string? _refusal;

    /// <summary>Returns true when this host is Up, false when the system ended before: the cluster downed or quarantined it on its way in.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        ControlEndpoint[] seeds = [.. _options.Seeds.Where(seed => seed != control.Endpoint)];
        ControlEndpoint? through = seeds.Length == 0 ? null : await FindMemberAsync(seeds, cancellation).ConfigureAwait(false);
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

    /// <summary>Asks the seeds until one is a member; null when this host shall form the cluster.</summary>
    private async Task<ControlEndpoint?> FindMemberAsync(ControlEndpoint[] seeds, CancellationToken caller)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(caller);
        limit.CancelAfter(_options.JoinTimeout);
        bool anyAnswered = false;
        try
        {
            for (int round = 1; ; round++)
            {
                JoinAnswer?[] answers = await Task.WhenAll(seeds.Select(seed => AskAsync(seed, limit.Token))).ConfigureAwait(false);
                for (int i = 0; i < seeds.Length; i++)
                {
                    if (answers[i] is not { } answer)
                        continue;
                    anyAnswered = true;
                    Refuse(seeds[i], answer);
                    if (answer.IsMember)
                        return seeds[i];
                }
                if (_options.MayForm && round >= RoundsBeforeForming)
                    return null;
                await Task.Delay(AskAgainAfter, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw NoSeed(seeds, anyAnswered);
        }
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
                $"{seed} speaks version {answer.Version} of the control protocol, this host version {JoinGateActor.ProtocolVersion}: run the same actornet version on all hosts.");
        }
        if (answer.HostNameHolder.Length > 0)
        {
            throw new ControlStartException(ControlStartError.HostNameTaken,
                $"The cluster has a host '{_options.HostName}' at {answer.HostNameHolder} already: give this host another name.");
        }
    }

    // A host that refuses connections is not asked: nothing would come back, and the answer would be waited for as long as a slow one's. So a
    // host that starts together with the first one joins as soon as that one listens.
    private async Task<JoinAnswer?> AskAsync(ControlEndpoint seed, CancellationToken limit)
    {
        if (await PortProbe.AskAsync(seed, AnswerLimit, cancellation: limit).ConfigureAwait(false) == PortState.Refuses)
        {
            _refusal = $"{seed} refuses the connection.";
            return null;
        }

        JoinHello hello = new(_options.ClusterName, JoinGateActor.ProtocolVersion, _options.HostName, control.Endpoint.ToString());
        try
        {
            return await control.SelectOn(seed, JoinGateActor.Name).Ask<JoinAnswer>(hello, AnswerLimit, limit).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is AskTimeoutException || (exception is OperationCanceledException && !limit.IsCancellationRequested))
        {
            return null;
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
        if (anyAnswered)
            return new ControlStartException(ControlStartError.SeedNotInCluster, $"{asked} answered within {waited} but is in no cluster itself: start one host with --init.");
        string said = (control.LastError?.Message ?? _refusal) is { } heard ? $" The last thing heard: {heard}" : "";
        return new ControlStartException(ControlStartError.SeedUnreachable,
            $"No host to join answered within {waited} (asked: {asked}). Check address and port, that the host runs, and that no firewall or other certificate authority is between.{said}");
    }
}
