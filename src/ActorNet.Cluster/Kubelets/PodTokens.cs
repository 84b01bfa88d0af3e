using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Cluster.Kubelets;

/// <summary>Asks for a token of a pod's service account.</summary>
/// <param name="pod">The pod.</param>
/// <param name="source">What its volume asks for.</param>
/// <param name="ct">Gives up.</param>
/// <returns>The token; the message of what it throws is told as the reason why there is none.</returns>
public delegate Task<IssuedToken> TokenRequester(V1Pod pod, V1ServiceAccountTokenProjection source, CancellationToken ct);

/// <summary>
/// The tokens that the volumes of a node's pods ask for: asked for once, again after a pause while they are refused, and anew in good time before they end
/// (kubernetes pkg/kubelet/token/token_manager.go). A refresh that fails leaves the token that there is, until it ends.
/// </summary>
/// <param name="request">Asks.</param>
/// <param name="answered">Called when something was answered.</param>
/// <param name="time">The clock.</param>
/// <param name="stop">Ends everything.</param>
internal sealed class PodTokens(TokenRequester request, Action answered, TimeProvider time, CancellationToken stop)
{
    private const int MaxAtOnce = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Pause = TimeSpan.FromSeconds(2);

    // How often upstream's kubelet looks at a pod's volumes (syncFrequency). By the clock, not by a timer up to the end: a machine may sleep.
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    // Nobody waits on its handle, so there is nothing to dispose of.
    private readonly SemaphoreSlim _turn = new(MaxAtOnce, MaxAtOnce);
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The tokens of a pod; the first call asks for them. One caller at a time.</summary>
    /// <returns>Null: nothing was answered yet.</returns>
    public ImmutableArray<PodToken>? Of(V1Pod pod)
    {
        if (!_entries.TryGetValue(pod.Metadata.Uid, out Entry? entry))
        {
            _entries[pod.Metadata.Uid] = entry = new Entry();
            _ = KeepAsync(pod, entry);
        }

        return Known(pod.Metadata.Uid);
    }

    /// <summary>What was answered for a pod that is ending or over: its tokens stay what they are.</summary>
    /// <param name="uid">The pod's uid.</param>
    public ImmutableArray<PodToken>? Last(string uid)
    {
        if (_entries.TryGetValue(uid, out Entry? entry))
            entry.IsOver = true;
        return Known(uid);
    }

    /// <summary>Forgets the pods that are no more.</summary>
    /// <param name="uids">The uids of those that are.</param>
    public void Keep(IReadOnlySet<string> uids)
    {
        foreach (string gone in _entries.Keys.Where(uid => !uids.Contains(uid)))
        {
            if (_entries.TryRemove(gone, out Entry? entry))
                entry.IsOver = true;
        }
    }

    private ImmutableArray<PodToken>? Known(string uid) => _entries.TryGetValue(uid, out Entry? entry) && entry.Tokens is { } told ? told.Tokens : null;

    private async Task KeepAsync(V1Pod pod, Entry entry)
    {
        try
        {
            PodToken[] known = [.. PodToken.AskedBy(pod).Select(static source => new PodToken(source.Audience ?? "", PodToken.SecondsOf(source), null, null))];
            for (PodToken[]? before = null; !entry.IsOver; before = known)
            {
                known = await Task.WhenAll(PodToken.AskedBy(pod).Zip(known, (source, token) => RefreshedAsync(pod, source, token))).ConfigureAwait(false);
                if (before is null || !known.SequenceEqual(before))
                {
                    entry.Tokens = new Told([.. known]);
                    answered();
                }

                await Task.Delay(known.All(static each => each.Value is not null) ? Look : Pause, time, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task<PodToken> RefreshedAsync(V1Pod pod, V1ServiceAccountTokenProjection source, PodToken token)
    {
        if (!token.NeedsRefresh(time.GetUtcNow(), PodToken.MaxJitter * Random.Shared.NextDouble()))
            return token;
        PodToken asked = await AskAsync(pod, source, token).ConfigureAwait(false);
        if (asked.Value is not null || token.Value is null)
            return asked;
        return time.GetUtcNow() < token.Expires ? token : asked with { Refusal = $"token expired and refresh failed: {asked.Refusal}" };
    }

    private async Task<PodToken> AskAsync(V1Pod pod, V1ServiceAccountTokenProjection source, PodToken token)
    {
        await _turn.WaitAsync(stop).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            IssuedToken issued = await request(pod, source, limit.Token).ConfigureAwait(false);
            return token with { Value = issued.Value, Expires = issued.Expires, Refusal = null };
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return token with { Value = null, Refusal = $"no answer within {Patience.TotalSeconds:0} s" };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return token with { Value = null, Refusal = e.Message };
        }
        finally
        {
            _turn.Release();
        }
    }

    private sealed record Told(ImmutableArray<PodToken> Tokens);

    private sealed class Entry
    {
        private Told? _tokens;
        private volatile bool _isOver;

        public Told? Tokens
        {
            get => Volatile.Read(ref _tokens);
            set => Volatile.Write(ref _tokens, value);
        }

        public bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }
    }
}
