using System.Diagnostics.Metrics;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Stores.Hosts;
using ActorNet.Dataplane.Frames;
using ActorNet.Node;
using ActorNet.Node.Uplink;

namespace ActorNet.Cli.Host.Telemetry;

/// <summary>
/// The counters of a host as instruments. They read what is counted anyway, when somebody collects: nothing is paid for them otherwise. Names are those
/// of kube-apiserver and kube-proxy where these measure the same.
/// </summary>
internal sealed class HostMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "ActorNet.Host";

    private readonly Meter _meter = new(Name);

    /// <summary>Makes the instruments.</summary>
    /// <param name="node">The node.</param>
    /// <param name="cluster">The cluster as the host sees it.</param>
    /// <param name="load">What clients have under way at the API.</param>
    /// <param name="api">Who was turned away at the API port.</param>
    /// <param name="kubelet">Who was turned away at the kubelet port.</param>
    /// <param name="readings">What actors were asked for.</param>
    public HostMeter(NodeHost node, ClusterNodes cluster, ApiLoad load, PortCounters api, PortCounters kubelet, HostReadings readings)
    {
        Gauge("actornet_build_info", "1; the version is a label.", () => [Of(1, ("version", HostVersion.Text))]);
        MeasureApi(load);
        MeasurePorts(cluster, api, kubelet);
        MeasureCluster(cluster);
        MeasureStore(cluster, readings);
        MeasureCaches(cluster.Api);
        MeasureDevices(node, readings);
        MeasureNamespaces(readings);
        MeasureKubeProxy(readings);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void MeasureApi(ApiLoad load)
    {
        Gauge("actornet_apiserver_watches", "Watches that are open at this host.", () => load.Status.Watches);
        Count("actornet_apiserver_watches_opened_total", "Watches opened so far.", () => load.Status.WatchesOpened);
        Count("actornet_apiserver_watches_refused_total", "Watches refused with 429, because the host or the user had too many.", () => load.Status.WatchesRefused);
        Count("actornet_apiserver_slow_watches_ended_total", "Watches and lists ended because their client did not read.", () => load.Status.SlowReaders);
        Gauge("actornet_apiserver_list_seats", "Seats that the lists take which are being answered: one for each hundred objects, at most ten for a list.", () => load.Status.ListSeats);
        Count("actornet_apiserver_lists_refused_total", "Lists refused with 429, because those being answered took all seats of the host or of the user.", () => load.Status.ListsRefused);
        Count("actornet_apiserver_slow_bodies_refused_total", "Requests refused with 408, because their body came too slowly.", () => load.Status.SlowBodies);
        Count("actornet_apiserver_cached_reads_total", "Reads and watches answered from this host's own copy.", () => load.Status.Cached);
    }

    // The first has kube-apiserver's name (apiserver pkg/endpoints/metrics/metrics.go, TLSHandshakeErrors).
    private void MeasurePorts(ClusterNodes cluster, PortCounters api, PortCounters kubelet)
    {
        Count("apiserver_tls_handshake_errors_total", "Connections to the API port that ended before TLS stood.", () => api.FailedHandshakes);
        Count("actornet_apiserver_crowded_out_total", "Of these the connections that came while too many were on their way to TLS.", () => api.CrowdedOut);
        Count("actornet_kubelet_tls_handshake_errors_total", "Connections to the kubelet port that ended before TLS stood.", () => kubelet.FailedHandshakes);
        Count("actornet_kubelet_crowded_out_total", "Of the connections without TLS to the kubelet port those that came while too many were on their way to it.", () => kubelet.CrowdedOut);
        Count("actornet_kubelet_refused_requests_total", "Requests at the kubelet port that were refused with 401 or 403.", () => kubelet.RefusedRequests);
        Count("actornet_control_refused_connections_total", "Connections to the control port that ended before a host's handshake came; hosts that only looked whether somebody listens are among them.", () => cluster.ControlStrangers);
    }

    private void MeasureCluster(ClusterNodes cluster)
    {
        Gauge("actornet_cluster_members", "Members of the cluster that this host sees, by state.", () =>
            cluster.Status.Members.GroupBy(static member => member.Status).Select(static same => Of(same.Count(), ("state", same.Key.ToString()))));
        Gauge("actornet_cluster_unreachable_members", "Members that cannot be reached.", () => cluster.Status.Unreachable.Count);
        Gauge("actornet_cluster_connected", "1 while this host is in the cluster, 0 while it is cut off.", () => cluster.Status.State == "up" ? 1 : 0);
        Count("actornet_cluster_late_heartbeats_total", "Heartbeats that this host sent late.", () => cluster.Status.HeartbeatWarnings);
    }

    private void MeasureStore(ClusterNodes cluster, HostReadings readings)
    {
        Gauge("actornet_store_has_leader", "1 while a leader of the store is known.", () => Store(static s => s.Leader is null ? 0 : 1));
        Gauge("actornet_store_is_leader", "1 while this host's member leads the store.", () => Store(static s => s.State == "leads" ? 1 : 0));
        Gauge("actornet_store_members", "Members of the store.", () => Store(static s => s.Members.Count));
        Gauge("actornet_store_term", "The newest term that this member knows of.", () => Store(static s => s.Term));
        Gauge("actornet_store_commit_index", "The newest entry of the log that this member knows to be committed.", () => Store(static s => s.CommitIndex));
        Gauge("actornet_store_revision", "The newest revision that this member has.", () => Store(static s => s.Revision));
        Gauge("actornet_store_size_bytes", "Bytes of the store's files: its log and its snapshots.", () => Store(_ => readings.StoreBytes));
        Count("actornet_store_refused_connections_total", "Connections to the store's port that were none of a member.", () => Store(static s => s.Refused));

        IEnumerable<Measurement<long>> Store(Func<StoreStatus, long> value) => cluster.Store?.Status is { } status ? [new Measurement<long>(value(status))] : [];
    }

    private void MeasureCaches(ClusterApi api)
    {
        Gauge("actornet_informer_synced", "1 while nothing is known to be missing in this host's copy of a kind.", () => Each(static c => c.IsSynced ? 1 : 0));
        Gauge("actornet_informer_lag_revisions", "Revisions between this host's copy of a kind and the newest event that it heard of.", () => Each(static c => c.Behind));
        Gauge("actornet_informer_objects", "Objects in this host's copy of a kind.", () => Each(static c => c.Objects));
        Count("actornet_informer_gaps_total", "How often a copy was caught up by asking.", () => Each(static c => c.Gaps));
        Count("actornet_informer_lists_total", "How often a copy was made anew from a list.", () => Each(static c => c.Lists));

        IEnumerable<Measurement<long>> Each(Func<CacheStatus, long> value) => api.Caches.Select(cache => Of(value(cache), ("resource", cache.Topic)));
    }

    private void MeasureDevices(NodeHost node, HostReadings readings)
    {
        Count("actornet_device_receive_frames_total", "Frames that a device received.", () => Each(static d => d.ReceivedFrames));
        Count("actornet_device_receive_bytes_total", "Bytes of frames that a device received.", () => Each(static d => d.ReceivedBytes));
        Count("actornet_device_transmit_frames_total", "Frames that a device sent.", () => Each(static d => d.SentFrames));
        Count("actornet_device_transmit_bytes_total", "Bytes of frames that a device sent.", () => Each(static d => d.SentBytes));
        Count("actornet_dropped_frames_total", "Frames dropped, by place and reason.", () => readings.Node.Drops.Select(static d => Of(d.Frames, ("place", d.Place), ("reason", d.Reason.ToString()))));
        Count("actornet_underlay_transmit_datagrams_total", "Real datagrams sent.", () => Uplinks(static u => u.DatagramsSent));
        Count("actornet_underlay_transmit_bytes_total", "Bytes of real datagrams sent.", () => Uplinks(static u => u.BytesSent));
        Count("actornet_underlay_receive_datagrams_total", "Real datagrams received.", () => Uplinks(static u => u.DatagramsReceived));
        Count("actornet_underlay_receive_bytes_total", "Bytes of real datagrams received.", () => Uplinks(static u => u.BytesReceived));
        Gauge("actornet_frame_buffers_in_use", "Frame buffers in use, by size; exact while no traffic flows.", () =>
        {
            PoolUsage pool = node.MeasurePool();
            return [Of(pool.SmallOut, ("size", "small")), Of(pool.LargeOut, ("size", "large"))];
        });
        Gauge("actornet_frame_vectors_in_use", "Frame vectors in use.", () => node.MeasurePool().VectorsOut);

        IEnumerable<Measurement<long>> Each(Func<DeviceMeasure, long> value) => readings.Node.Devices.Select(d => Of(value(d), ("namespace", d.Namespace), ("device", d.Device)));
        IEnumerable<Measurement<long>> Uplinks(Func<UplinkCounters, long> value) => readings.Node.Uplinks.Select(u => Of(value(u.Counters), ("socket", u.Name)));
    }

    // Named as node_exporter's collector netstat names what /proc/net/snmp has.
    private void MeasureNamespaces(HostReadings readings)
    {
        Gauge("actornet_conntrack_entries", "Connections that the node follows.", () => Conntrack(static n => n.Connections));
        Gauge("actornet_conntrack_entries_limit", "Connections that the node follows at most.", () => Conntrack(static n => n.MostConnections));
        Count("actornet_tcp_active_opens_total", "Connections that were asked for from a namespace.", () => Tcp(static t => t.ActiveOpens));
        Count("actornet_tcp_passive_opens_total", "Connections that a namespace was asked for.", () => Tcp(static t => t.PassiveOpens));
        Gauge("actornet_tcp_established", "Connections of a namespace now.", () => Tcp(static t => t.CurrEstab));
        Count("actornet_tcp_in_segments_total", "Segments received.", () => Tcp(static t => t.InSegs));
        Count("actornet_tcp_out_segments_total", "Segments sent.", () => Tcp(static t => t.OutSegs));
        Count("actornet_tcp_retransmitted_segments_total", "Segments sent again.", () => Tcp(static t => t.RetransSegs));
        Count("actornet_tcp_out_resets_total", "Resets sent.", () => Tcp(static t => t.OutRsts));

        IEnumerable<Measurement<long>> Conntrack(Func<NamespaceMeasure, long> value) =>
            readings.Node.Namespaces.Where(static n => n.MostConnections > 0).Select(n => Of(value(n), ("namespace", n.Namespace)));
        IEnumerable<Measurement<long>> Tcp(Func<TcpMeasure, long> value) => readings.Node.Namespaces.Select(n => Of(value(n.Tcp), ("namespace", n.Namespace)));
    }

    // What kube-proxy's meter does not say: see KubeProxyMeter.
    private void MeasureKubeProxy(HostReadings readings)
    {
        Gauge("actornet_kubeproxy_services", "Services that have rules.", () => readings.KubeProxy.Services);
        Gauge("actornet_kubeproxy_endpoints", "Endpoints of all their ports.", () => readings.KubeProxy.Endpoints);
    }

    private void Gauge(string name, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, description: description);

    private void Gauge(string name, string description, Func<IEnumerable<Measurement<long>>> values) => _meter.CreateObservableGauge(name, values, description: description);

    private void Count(string name, string description, Func<long> value) => _meter.CreateObservableCounter(name, value, description: description);

    private void Count(string name, string description, Func<IEnumerable<Measurement<long>>> values) => _meter.CreateObservableCounter(name, values, description: description);

    private static Measurement<long> Of(long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var tags = new KeyValuePair<string, object?>[labels.Length];
        for (int i = 0; i < labels.Length; i++)
            tags[i] = new(labels[i].Name, labels[i].Value);
        return new Measurement<long>(value, tags);
    }
}
