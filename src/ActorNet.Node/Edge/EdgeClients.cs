using System.Net;
using ActorNet.Dataplane.Ip;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Node.Edge;

/// <summary>
/// By which addresses real clients are known in the node's network: by their own, which the edge's namespace holds while it is in use. A client
/// on loopback, and one whose address is a node's or in the pods' network, comes from the edge's own address: there its own means somebody else.
/// </summary>
/// <param name="executor">The door to the edge's namespace.</param>
/// <param name="ns">The namespace; touched in its owner's turns only.</param>
/// <param name="device">Its eth0.</param>
/// <param name="gateway">The edge's own address.</param>
/// <param name="pods">The pods' network.</param>
internal sealed class EdgeClients(INamespaceExecutor executor, NetworkNamespace ns, IpInterface device, Ipv4Address gateway, Ipv4Prefix pods)
{
    /// <summary>Client addresses held at one time; further clients come from the edge's own address.</summary>
    public const int MaxAddresses = 1024;

    private readonly Dictionary<Ipv4Address, int> _held = [];
    private volatile HashSet<Ipv4Address> _nodes = [];

    /// <summary>The nodes' addresses, which no client has.</summary>
    public IEnumerable<Ipv4Address> Nodes
    {
        set => _nodes = [.. value];
    }

    /// <summary>Takes hold of a client's address.</summary>
    /// <param name="client">The client.</param>
    /// <returns>Address and port that it has in the node's network; <see cref="Release"/> lets go.</returns>
    public Task<Ipv4Endpoint> HoldAsync(IPEndPoint client)
    {
        Ipv4Address address = client.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? Ipv4Address.FromIPAddress(client.Address) : gateway;
        bool isSomebodyElses = address.IsLoopback || address == gateway || address.IsAny || pods.Contains(address) || _nodes.Contains(address);
        return isSomebodyElses
            ? Task.FromResult(new Ipv4Endpoint(gateway, (ushort)client.Port))
            : executor.RunAsync(_ => new Ipv4Endpoint(Hold(address), (ushort)client.Port));
    }

    /// <summary>Lets go of what <see cref="HoldAsync"/> took.</summary>
    /// <param name="source">What it answered.</param>
    public void Release(Ipv4Endpoint source)
    {
        if (source.Address != gateway)
            executor.Post(_ => LetGo(source.Address));
    }

    private Ipv4Address Hold(Ipv4Address address)
    {
        if (_held.TryGetValue(address, out int users))
        {
            _held[address] = users + 1;
            return address;
        }

        if (_held.Count >= MaxAddresses || ns.AddAddress(device, new InterfaceAddress { Address = address, PrefixLength = 32 }) != AddressError.None)
            return gateway;
        _held[address] = 1;
        return address;
    }

    private void LetGo(Ipv4Address address)
    {
        if (!_held.TryGetValue(address, out int users))
            return;
        if (users > 1)
        {
            _held[address] = users - 1;
            return;
        }

        _held.Remove(address);
        ns.RemoveAddress(device, address, 32);
    }
}
