using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>
/// Sends one datagram from each of many ports, so that each begins a flow: what rules and connection tracking decide once a flow is decided for each. It
/// sends only within the budget of a turn.
/// </summary>
/// <param name="peer">Whom to send to.</param>
/// <param name="dataLength">Data bytes of each datagram, 0 to 65,507.</param>
/// <param name="flows">How many, at most <see cref="MaxFlows"/>.</param>
public sealed class UdpFlowLoad(Ipv4Endpoint peer, int dataLength, int flows) : ITurnProgram
{
    private const int FirstPort = 1_024;

    /// <summary>Ports from the first that is not reserved on.</summary>
    public const int MaxFlows = 65_536 - FirstPort;

    private readonly byte[] _data = new byte[dataLength];

    /// <summary>Flows begun.</summary>
    public int Sent { get; private set; }

    /// <summary>The error that ended the load, or Ok.</summary>
    public SocketResult Failure { get; private set; }

    /// <summary>Whether the load is over.</summary>
    public bool IsFinished => Sent == flows || Failure != SocketResult.Ok;

    /// <inheritdoc/>
    public bool Run(SocketLayer sockets, int budget)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        for (int i = 0; i < budget && !IsFinished; i++)
        {
            SocketResult result = Begin(sockets);
            // No memory at the moment: another turn.
            if (result == SocketResult.NoBuffers)
                return true;
            if (result == SocketResult.Ok)
                Sent++;
            else
                Failure = result;
        }

        return !IsFinished;
    }

    private SocketResult Begin(SocketLayer sockets)
    {
        UdpSocket socket = sockets.OpenUdp();
        SocketResult result = socket.Bind(new Ipv4Endpoint(Packets.Ipv4Address.Any, (ushort)(FirstPort + Sent)));
        if (result == SocketResult.Ok)
            result = socket.SendTo(_data, peer);
        socket.Close();
        return result;
    }
}
