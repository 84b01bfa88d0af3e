using System.Collections.Concurrent;

namespace ActorNet.Cluster.Links;

/// <summary>The associations that a host has now, so that those with one peer can be closed together. Thread-safe.</summary>
internal sealed class LiveAssociations
{
    // By reference: Akka calls two associations equal when their addresses are.
    private readonly ConcurrentDictionary<LinkAssociation, byte> _open = new(ReferenceEqualityComparer.Instance);

    /// <summary>How many there are.</summary>
    internal int Count => _open.Count;

    public void Add(LinkAssociation association) => _open.TryAdd(association, 0);

    public void Remove(LinkAssociation association) => _open.TryRemove(association, out _);

    /// <summary>Forgets all: the control system that they were of has ended.</summary>
    public void Clear() => _open.Clear();

    /// <summary>Closes every association with a peer; Akka hears of each as of a lost connection and makes new ones.</summary>
    public void Close(ControlEndpoint peer)
    {
        foreach (LinkAssociation association in _open.Keys)
        {
            if (association.Peer == peer)
                association.Close();
        }
    }
}
