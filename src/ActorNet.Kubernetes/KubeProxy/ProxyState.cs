using System.Collections.Immutable;
using ActorNet.Kubernetes.KubeProxy.Health;
using k8s.Models;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// A kube-proxy in iptables mode: takes what the API knows, and says which rules are to come into force. It writes the chains of Services that
/// changed, and the chains that all share when a line of theirs did; kube-proxy writes those each time, which differs in nothing but their
/// counters beginning anew. Plain and single-threaded; its owner carries the programs out.
/// </summary>
public sealed class ProxyState
{
    // largeClusterEndpointsThreshold: above it the comments of endpoint rules are left out.
    private const int LargeCluster = 1000;

    // While a program waits.
    private const int MaxTriggers = 10_000;

    private const string ZoneLabel = "topology.kubernetes.io/zone";
    private const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    private readonly Dictionary<string, V1Service> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, V1EndpointSlice> _slices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _slicesOf = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ServicePart> _parts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _problems = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stale = new(StringComparer.Ordinal);
    private string[] _staleOfLast = [];
    private readonly RuleSheets _sheets = new();
    private readonly List<DateTimeOffset> _triggers = [];
    private ImmutableSortedDictionary<string, ServiceHealth> _healthChecks = ImmutableSortedDictionary.Create<string, ServiceHealth>(StringComparer.Ordinal);
    private ProxyOptions _options;
    private bool _isFull = true;
    private bool _hasComments = true;

    /// <summary>Makes one that knows nothing.</summary>
    /// <param name="options">The node's settings; its zone comes with its Node.</param>
    public ProxyState(ProxyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <summary>Whether it has heard the whole once: before, no rule is written.</summary>
    public bool HasSynced { get; private set; }

    /// <summary>Whether something changed since the last program.</summary>
    public bool IsDirty => HasSynced && (_isFull || _changed.Count > 0);

    /// <summary>Services that have rules.</summary>
    public int ServiceCount => _parts.Count;

    /// <summary>Endpoints of all their ports.</summary>
    public int EndpointCount { get; private set; }

    /// <summary>What of the API's objects could not be made rules of, a sentence each.</summary>
    public ImmutableArray<string> Problems => [.. _problems.Values];

    /// <summary>Takes changes.</summary>
    /// <param name="changes">The changes.</param>
    public void Apply(ServiceChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.IsWhole)
            Forget(changes);
        foreach ((string key, V1Service? service) in changes.Services)
            Set(key, service);
        foreach ((string key, V1EndpointSlice? slice) in changes.Slices)
            Set(key, slice);
        if (changes.Node is { } node)
            SetZone(node.Metadata.Labels is { } labels && labels.TryGetValue(ZoneLabel, out string? zone) ? zone : null);
        HasSynced |= changes.IsWhole;
    }

    /// <summary>The next program holds every chain: the last one was refused, or somebody emptied the tables.</summary>
    public void Invalidate()
    {
        _isFull = true;
        // What the last one was to delete may stand still.
        _stale.UnionWith(_staleOfLast);
    }

    /// <summary>What is to come into force now; null when nothing changed.</summary>
    public ProxyProgram? Next()
    {
        if (!IsDirty)
            return null;
        bool isFull = _isFull;
        bool filter = isFull;
        bool captures = isFull;
        SortedDictionary<string, ServicePorts> ports = PortsOf(isFull ? _services.Keys.Union(_parts.Keys, StringComparer.Ordinal) : _changed);
        // Whether comments are written is known when all endpoints are counted, and that is before a line is.
        if (EndpointCount <= LargeCluster != _hasComments)
        {
            _hasComments = !_hasComments;
            isFull = filter = captures = true;
            foreach ((string key, ServicePart part) in _parts)
                ports.TryAdd(key, new ServicePorts(part.Ports, _problems.GetValueOrDefault(key)));
        }

        List<WrittenPart> written = Compile(ports, ref filter, ref captures);

        string[] stale = _staleOfLast = [.. _stale.Order(StringComparer.Ordinal)];
        IReadOnlyList<string> pieces = new RuleProgram(_options).Write(_parts.Values, filter, captures, written, stale);
        var program = new ProxyProgram(pieces, isFull, StaleFlows.Of(written.SelectMany(static p => p.Part.Ports))) { Triggers = [.. _triggers], HealthChecks = _healthChecks };
        _triggers.Clear();
        _changed.Clear();
        _stale.Clear();
        _isFull = false;
        return program;
    }

    // The ports that Services have now, none for those that are gone; their endpoints are counted.
    private SortedDictionary<string, ServicePorts> PortsOf(IEnumerable<string> keys)
    {
        var all = new SortedDictionary<string, ServicePorts>(StringComparer.Ordinal);
        foreach (string key in keys)
        {
            ServicePorts ports = PortsOf(key);
            all.Add(key, ports);
            EndpointCount += ports.Ports.Sum(static p => p.Endpoints.Count) - (_parts.GetValueOrDefault(key)?.EndpointCount ?? 0);
        }

        return all;
    }

    private ServicePorts PortsOf(string key)
    {
        if (!_services.TryGetValue(key, out V1Service? service))
            return ServicePorts.None;
        IEnumerable<V1EndpointSlice> slices = _slicesOf.GetValueOrDefault(key)?.Select(k => _slices[k]) ?? [];
        return ServicePorts.Of(service, slices, _options.Node);
    }

    private List<WrittenPart> Compile(SortedDictionary<string, ServicePorts> all, ref bool filter, ref bool captures)
    {
        var written = new List<WrittenPart>(all.Count);
        foreach ((string key, ServicePorts ports) in all)
        {
            if (Compile(key, ports, ref filter, ref captures) is { } part)
                written.Add(part);
        }

        return written;
    }

    private void Forget(ServiceChanges whole)
    {
        HashSet<string> services = [.. whole.Services.Select(static s => s.Key)];
        HashSet<string> slices = [.. whole.Slices.Select(static s => s.Key)];
        foreach (string gone in _services.Keys.Where(k => !services.Contains(k)).ToArray())
            Set(gone, (V1Service?)null);
        foreach (string gone in _slices.Keys.Where(k => !slices.Contains(k)).ToArray())
            Set(gone, (V1EndpointSlice?)null);
    }

    private void Set(string key, V1Service? service)
    {
        if (service is null ? !_services.Remove(key) : IsSame(_services.GetValueOrDefault(key), service))
            return;
        if (service is not null)
            _services[key] = service;
        _changed.Add(key);
    }

    private void Set(string key, V1EndpointSlice? slice)
    {
        V1EndpointSlice? before = _slices.GetValueOrDefault(key);
        if (slice is null ? before is null : IsSame(before, slice))
            return;
        if (before is not null && ServicePorts.ServiceOf(before) is { } former)
        {
            _slicesOf.GetValueOrDefault(former)?.Remove(key);
            _changed.Add(former);
        }

        _slices.Remove(key);
        if (slice is null)
            return;
        _slices[key] = slice;
        if (ServicePorts.ServiceOf(slice) is not { } service)
            return;
        if (!_slicesOf.TryGetValue(service, out SortedSet<string>? slices))
            _slicesOf[service] = slices = new SortedSet<string>(StringComparer.Ordinal);
        slices.Add(key);
        _changed.Add(service);
        NoteTrigger(before, slice);
    }

    // endpointschangetracker.go: what was triggered before this proxy looked, or was noted already, says nothing about it.
    private void NoteTrigger(V1EndpointSlice? before, V1EndpointSlice slice)
    {
        if (HasSynced && TriggerOf(slice) is { } trigger && trigger != (before is null ? null : TriggerOf(before)) && _triggers.Count < MaxTriggers)
            _triggers.Add(trigger);
    }

    private static DateTimeOffset? TriggerOf(V1EndpointSlice slice) =>
        slice.Metadata.Annotations is { } annotations && annotations.TryGetValue(TriggerTime, out string? text)
        && DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;

    private static bool IsSame(IMetadata<V1ObjectMeta>? before, IMetadata<V1ObjectMeta> after) =>
        before?.Metadata is { ResourceVersion: { } version } known && version == after.Metadata.ResourceVersion && known.Uid == after.Metadata.Uid;

    private void SetZone(string? zone)
    {
        if (zone == _options.Zone)
            return;
        _options = _options with { Zone = zone };
        _changed.UnionWith(_services.Keys);
    }

    private WrittenPart? Compile(string key, ServicePorts ports, ref bool filter, ref bool captures)
    {
        ServicePart? before = _parts.GetValueOrDefault(key);
        _problems.Remove(key);
        if (ports.Problem is { } problem)
            _problems[key] = problem;
        WrittenPart? written = ports.Ports.Count > 0 ? ServicePart.Write(ports.Ports, _options, _hasComments, _sheets) : null;
        ServicePart? after = written?.Part;
        _healthChecks = after is not null && ServiceHealth.Of(key, _services[key].Metadata.Uid ?? "", after.Ports) is { } health ? _healthChecks.SetItem(key, health) : _healthChecks.Remove(key);
        filter |= (before?.Filter ?? "") != (after?.Filter ?? "");
        captures |= (before?.Captures ?? "") != (after?.Captures ?? "");
        _stale.UnionWith(before?.Chains ?? []);
        _stale.ExceptWith(after?.Chains ?? []);
        if (after is null)
            _parts.Remove(key);
        else
            _parts[key] = after;
        return written;
    }
}
