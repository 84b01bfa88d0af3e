using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>
/// Writes events; one that was told before is counted up instead of written again (client-go tools/record: event.go, events_cache.go). An
/// event that cannot be written is counted and forgotten, as upstream's are. From any thread.
/// </summary>
/// <param name="client">Where to.</param>
/// <param name="time">The clock.</param>
/// <param name="component">Who tells, such as "deployment-controller"; it becomes source.component.</param>
public sealed class EventRecorder(IApiClient client, TimeProvider time, string component)
{
    // Upstream's cache of events that may be counted up.
    private const int MaxKnown = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private long _lastStamp;

    /// <summary>How many could not be written.</summary>
    public long Failures { get; private set; }

    /// <summary>Writes an event.</summary>
    public async ValueTask TellAsync(EventWrite told, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(told);
        string key = string.Join('\n', told.Involved.Kind, told.Involved.NamespaceProperty, told.Involved.Name, told.Involved.Uid, told.Involved.FieldPath, told.Type, told.Reason, told.Message);
        string space = told.Involved.NamespaceProperty is { Length: > 0 } own ? own : "default";
        DateTimeOffset now = time.GetUtcNow();
        Known? known;
        lock (_lock)
        {
            if (_known.TryGetValue(key, out known))
                _known[key] = known = known with { Count = known.Count + 1 };
        }

        try
        {
            if (known is not null && await CountUpAsync(space, known, now, cancel).ConfigureAwait(false))
                return;
            string name = $"{told.Involved.Name}.{Stamp(now):x}";
            Remember(key, new Known(name, 1));
            await client.CreateAsync(NewEvent(told, space, name, now), cancel).ConfigureAwait(false);
        }
        catch (ApiException)
        {
            lock (_lock)
                Failures++;
        }
    }

    private async ValueTask<bool> CountUpAsync(string space, Known known, DateTimeOffset now, CancellationToken cancel)
    {
        var patch = new JsonObject { ["count"] = known.Count, ["lastTimestamp"] = ScalarReader.Time(now) };
        try
        {
            await client.PatchAsync<Corev1Event>(space, known.Name, PatchForm.Merge, patch, cancel: cancel).ConfigureAwait(false);
            return true;
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // It was deleted meanwhile: it begins anew.
            return false;
        }
    }

    private Corev1Event NewEvent(EventWrite told, string space, string name, DateTimeOffset now) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = space },
        InvolvedObject = told.Involved,
        Type = told.Type,
        Reason = told.Reason,
        Message = told.Message,
        Count = 1,
        FirstTimestamp = now.UtcDateTime,
        LastTimestamp = now.UtcDateTime,
        Source = new V1EventSource { Component = component },
        ReportingComponent = component,
        ReportingInstance = "",
    };

    // Nanoseconds, as upstream's names have them, and never the same twice.
    private long Stamp(DateTimeOffset now)
    {
        lock (_lock)
            return _lastStamp = Math.Max(_lastStamp + 1, (now - DateTimeOffset.UnixEpoch).Ticks * 100);
    }

    private void Remember(string key, Known known)
    {
        lock (_lock)
        {
            if (!_known.ContainsKey(key))
                _order.Enqueue(key);
            _known[key] = known;
            if (_order.Count > MaxKnown)
                _known.Remove(_order.Dequeue());
        }
    }

    private sealed record Known(string Name, int Count)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} x{Count}");
    }
}
