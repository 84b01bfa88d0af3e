using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Edge;
using ActorNet.Netstack;

namespace ActorNet.Node.Edge;

/// <summary>What all listeners of an edge share.</summary>
/// <param name="Executor">The door to the edge's namespace.</param>
/// <param name="Clients">By which addresses clients are known there.</param>
/// <param name="Counters">Figures.</param>
/// <param name="Connections">Room for connections: while there is none, further ones wait in the kernel's backlog.</param>
/// <param name="Flows">Room for UDP flows: a client that is one too many is not heard.</param>
/// <param name="Time">For the time-outs of flows.</param>
internal sealed record EdgeRoom(INamespaceExecutor Executor, EdgeClients Clients, EdgeCounters Counters, SemaphoreSlim Connections, SemaphoreSlim Flows, TimeProvider Time);

/// <summary>A real listening socket whose connections go to a port in the node's network.</summary>
internal abstract class EdgeListener : IDisposable
{
    private readonly CancellationTokenSource _stop;

    protected EdgeListener(EdgePort port, Socket socket, EdgeRoom room, CancellationToken stop)
    {
        Port = port;
        Socket = socket;
        Room = room;
        Local = (IPEndPoint)socket.LocalEndPoint!;
        Everything = stop;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Stopped = _stop.Token;
    }

    /// <summary>What it is for.</summary>
    public EdgePort Port { get; }

    /// <summary>Where it really listens.</summary>
    public IPEndPoint Local { get; }

    /// <summary>What it shares with the others.</summary>
    protected EdgeRoom Room { get; }

    /// <summary>The listening socket.</summary>
    protected Socket Socket { get; }

    /// <summary>Cancelled when it stops listening; connections that it has go on.</summary>
    protected CancellationToken Stopped { get; }

    /// <summary>Cancelled when the edge ends.</summary>
    protected CancellationToken Everything { get; }

    /// <summary>Where connections go.</summary>
    protected Ipv4Endpoint Target => new(Port.Target.Address, Port.Target.Port);

    /// <summary>Starts listening.</summary>
    public abstract void Start();

    /// <summary>Stops listening; the connections that there are go on.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        Socket.Dispose();
    }
}
