using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>Which local ports are bound and by how many connections each is used (linux net/ipv4/inet_hashtables.c, bind buckets).</summary>
internal sealed class TcpPorts(TcpSettings settings, ulong seed)
{
    private readonly Dictionary<ushort, List<(Ipv4Address Address, bool Reuse)>> _bound = [];
    private readonly Dictionary<ushort, int> _users = [];
    private readonly KeyedHash _offset = KeyedHash.From(seed, 13);
    private uint _ordinal;

    /// <summary>Binds an address and port.</summary>
    /// <param name="local">Port not 0.</param>
    /// <param name="reuse">SO_REUSEADDR: shares the port with others that have it, and with connections that are left.</param>
    public bool TryBind(Ipv4Endpoint local, bool reuse)
    {
        if (!reuse && _users.GetValueOrDefault(local.Port) > 0)
            return false;
        if (_bound.TryGetValue(local.Port, out List<(Ipv4Address Address, bool Reuse)>? others))
        {
            foreach ((Ipv4Address address, bool shared) in others)
            {
                bool overlap = address.IsAny || local.Address.IsAny || address == local.Address;
                if (overlap && !(reuse && shared))
                    return false;
            }
        }
        else
        {
            _bound[local.Port] = others = [];
        }

        others.Add((local.Address, reuse));
        return true;
    }

    public void Release(Ipv4Endpoint local)
    {
        if (!_bound.TryGetValue(local.Port, out List<(Ipv4Address Address, bool Reuse)>? all))
            return;
        int index = all.FindIndex(b => b.Address == local.Address);
        if (index >= 0)
            all.RemoveAt(index);
        if (all.Count == 0)
            _bound.Remove(local.Port);
    }

    public void AddUser(ushort port) => _users[port] = _users.GetValueOrDefault(port) + 1;

    public void RemoveUser(ushort port)
    {
        int left = _users.GetValueOrDefault(port) - 1;
        if (left > 0)
            _users[port] = left;
        else
            _users.Remove(port);
    }

    /// <summary>Chooses a local port: a keyed hash of the peer and a running number say where the search begins (RFC 6056, 3.3.3).</summary>
    /// <param name="local">Our address.</param>
    /// <param name="remote">The peer, or nobody for a listener.</param>
    /// <param name="isFree">Whether a port that nobody bound will do.</param>
    /// <param name="port">The port.</param>
    public bool TryChoose(Ipv4Address local, Ipv4Endpoint remote, Func<ushort, bool> isFree, out ushort port)
    {
        int count = settings.LastEphemeralPort - settings.FirstEphemeralPort + 1;
        uint start = (uint)_offset.Of(new Ipv4Endpoint(local, 0), remote) + _ordinal++;
        for (uint i = 0; i < count; i++)
        {
            port = (ushort)(settings.FirstEphemeralPort + ((start + i) % (uint)count));
            if (!_bound.ContainsKey(port) && isFree(port))
                return true;
        }

        port = 0;
        return false;
    }

    public bool IsUsed(ushort port) => _users.ContainsKey(port);
}
