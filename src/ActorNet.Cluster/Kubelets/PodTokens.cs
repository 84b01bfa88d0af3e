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
public delegate Task<string> TokenRequester(V1Pod pod, V1ServiceAccountTokenProjection source, CancellationToken ct);

/// <summary>The tokens that the volumes of a node's pods ask for: asked for once, and again after a pause while they are refused.</summary>
/// <param name="request">Asks.</param>
/// <param name="answered">Called when something was answered.</param>
/// <param name="time">The clock.</param>
/// <param name="stop">Ends everything.</param>
internal sealed class PodTokens(TokenRequester request, Action answered, TimeProvider time, CancellationToken stop)
{
    private const int MaxAtOnce = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Pause = TimeSpan.FromSeconds(2);

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
            _ = AskAsync(pod, entry);
        }

        return Known(pod.Metadata.Uid);
    }

    /// <summary>What was answered for a pod so far.</summary>
    public ImmutableArray<PodToken>? Known(string uid) => _entries.TryGetValue(uid, out Entry? entry) && entry.Tokens is { } told ? told.Tokens : null;

    /// <summary>Forgets the pods that are no more.</summary>
    /// <param name="uids">The uids of those that are.</param>
    public void Keep(IReadOnlySet<string> uids)
    {
        foreach (string gone in _entries.Keys.Where(uid => !uids.Contains(uid)))
        {
            if (_entries.TryRemove(gone, out Entry? entry))
                entry.IsForgotten = true;
        }
    }

    private async Task AskAsync(V1Pod pod, Entry entry)
    {
        try
        {
            while (!entry.IsForgotten)
            {
                ImmutableArray<PodToken> tokens = [.. await Task.WhenAll(PodToken.AskedBy(pod).Select(source => AskAsync(pod, source))).ConfigureAwait(false)];
                entry.Tokens = new Told(tokens);
                answered();
                if (tokens.All(static each => each.Value is not null))
                    return;
                await Task.Delay(Pause, time, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task<PodToken> AskAsync(V1Pod pod, V1ServiceAccountTokenProjection source)
    {
        string audience = source.Audience ?? "";
        long seconds = PodToken.SecondsOf(source);
        await _turn.WaitAsync(stop).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            return new PodToken(audience, seconds, await request(pod, source, limit.Token).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new PodToken(audience, seconds, null, $"no answer within {Patience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new PodToken(audience, seconds, null, e.Message);
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
        private volatile bool _isForgotten;

        public Told? Tokens
        {
            get => Volatile.Read(ref _tokens);
            set => Volatile.Write(ref _tokens, value);
        }

        public bool IsForgotten
        {
            get => _isForgotten;
            set => _isForgotten = value;
        }
    }
}
