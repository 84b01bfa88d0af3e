using System.IO.Pipelines;
using System.Net;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ActorNet.Sockets.Kestrel;

/// <summary>A connection to a pod as Kestrel takes it.</summary>
internal sealed class PodConnection : ConnectionContext, IPodConnectionFeature, IConnectionLifetimeFeature
{
    private readonly TcpDuplexPipe _connection;
    private readonly Action<PodConnection> _gone;

    public PodConnection(string id, PodHttpListener listener, TcpDuplexPipe connection, RequestDelegate application, Action<PodConnection> gone)
    {
        ConnectionId = id;
        Listener = listener;
        Application = application;
        _connection = connection;
        _gone = gone;
        Transport = connection;
        ConnectionClosed = connection.Closed;
        LocalEndPoint = ToEndPoint(connection.Local);
        RemoteEndPoint = ToEndPoint(connection.Remote);
        Features.Set<IPodConnectionFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
    }

    public override string ConnectionId { get; set; }

    /// <summary>The port that accepted it.</summary>
    public PodHttpListener Listener { get; }

    public string PodName => Listener.PodName;

    public Ipv4Endpoint Local => _connection.Local;

    public Ipv4Endpoint Remote => _connection.Remote;

    public RequestDelegate Application { get; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public override void Abort() => _connection.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _connection.Abort();

    /// <summary>Closes it as the end of a process does.</summary>
    public void Close() => _connection.Close();

    /// <summary>Asks Kestrel to close it: at once when it is idle, otherwise after the request that it has.</summary>
    public void RequestClose() => Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    public override async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        _gone(this);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private static IPEndPoint ToEndPoint(Ipv4Endpoint endpoint) => new(IPAddress.Parse(endpoint.Address.ToString()), endpoint.Port);
}
