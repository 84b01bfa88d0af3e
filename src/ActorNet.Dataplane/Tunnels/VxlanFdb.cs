using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>An entry of a VXLAN device's forwarding database, permanent as flannel adds them.</summary>
/// <param name="Mac">The remote VTEP's address; zero is the default entry.</param>
/// <param name="Remote">Where the datagrams really go.</param>
/// <param name="Destination">The address that `bridge fdb` prints: the remote node's. The same as the remote's on real machines.</param>
public sealed record VxlanFdbEntry(MacAddress Mac, UnderlayEndpoint Remote, Ipv4Address Destination);

/// <summary>
/// MAC to underlay address, as `bridge fdb` on a vxlan device: one remote per address, several for the all-zero default, to each of which a
/// frame without an entry is sent (linux drivers/net/vxlan/vxlan_core.c, vxlan_fdb_append). Bounded. It also knows who is a peer.
/// </summary>
public sealed class VxlanFdb
{
    /// <summary>Most entries.</summary>
    public const int MaxEntries = 65_536;

    /// <summary>Most remotes of the default entry.</summary>
    public const int MaxDefaults = 1_024;

    private readonly Dictionary<ulong, VxlanFdbEntry> _entries = [];
    private readonly List<VxlanFdbEntry> _defaults = [];
    private readonly Dictionary<Ipv4Address, int> _peers = [];

    /// <summary>Counts changes, so that who remembers a look-up knows when to forget it.</summary>
    public int Version { get; private set; }

    /// <summary>Entries, defaults included.</summary>
    public int Count => _entries.Count + _defaults.Count;

    /// <summary>The entries in order of their addresses, the defaults first.</summary>
    public IReadOnlyList<VxlanFdbEntry> GetEntries() => [.. _defaults, .. _entries.Values.OrderBy(static e => e.Mac)];

    /// <summary>The remotes for frames without an entry.</summary>
    public IReadOnlyList<VxlanFdbEntry> Defaults => _defaults;

    /// <summary>Adds or replaces an entry (`bridge fdb replace MAC dev flannel.1 dst IP self permanent`). For the zero address a further remote is appended.</summary>
    /// <param name="mac">The remote VTEP's address, or zero.</param>
    /// <param name="remote">Where the datagrams really go.</param>
    /// <param name="destination">The address to print, when it is not the remote's.</param>
    /// <returns>False when the table is full.</returns>
    public bool Set(MacAddress mac, UnderlayEndpoint remote, Ipv4Address? destination = null)
    {
        var entry = new VxlanFdbEntry(mac, remote, destination ?? remote.Address);
        if (mac.IsZero)
        {
            if (_defaults.Exists(e => e.Remote == remote))
                return true;
            if (_defaults.Count >= MaxDefaults)
                return false;
            _defaults.Add(entry);
        }
        else
        {
            if (_entries.TryGetValue(mac.Value, out VxlanFdbEntry? old))
                Forget(old.Remote.Address);
            else if (_entries.Count >= MaxEntries)
                return false;
            _entries[mac.Value] = entry;
        }

        CollectionsMarshal.GetValueRefOrAddDefault(_peers, remote.Address, out _)++;
        Version++;
        return true;
    }

    /// <summary>Removes an entry; for the zero address all its remotes.</summary>
    /// <param name="mac">The address.</param>
    /// <returns>Whether there was one.</returns>
    public bool Remove(MacAddress mac)
    {
        if (mac.IsZero)
        {
            if (_defaults.Count == 0)
                return false;
            foreach (VxlanFdbEntry entry in _defaults)
                Forget(entry.Remote.Address);
            _defaults.Clear();
        }
        else
        {
            if (!_entries.Remove(mac.Value, out VxlanFdbEntry? old))
                return false;
            Forget(old.Remote.Address);
        }

        Version++;
        return true;
    }

    /// <summary>The entry of an address, without regard to the defaults; null when there is none.</summary>
    /// <param name="mac">The address.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public VxlanFdbEntry? Find(MacAddress mac) => _entries.GetValueOrDefault(mac.Value);

    /// <summary>Whether an entry names this underlay address.</summary>
    /// <param name="address">Source address of a datagram.</param>
    public bool IsPeer(Ipv4Address address) => _peers.ContainsKey(address);

    private void Forget(Ipv4Address address)
    {
        if (_peers[address] == 1)
            _peers.Remove(address);
        else
            _peers[address]--;
    }
}
