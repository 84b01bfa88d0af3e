using System.Runtime.InteropServices;

namespace ActorNet.Dataplane.Links;

/// <summary>What a link remembers of a flow: its ordinal and the states that one frame leaves to the next.</summary>
internal struct FlowState
{
    /// <summary>How many frames of the flow came.</summary>
    public uint Ordinal;

    /// <summary>Whether the last was lost.</summary>
    public bool LastLost;

    /// <summary>The bad state of <see cref="BurstLoss"/>.</summary>
    public bool IsBad;
}

/// <summary>
/// Flow states in two generations: when the younger is full the older is forgotten and they change places, so a flow in use stays and the
/// table never holds more than <see cref="Limit"/>.
/// </summary>
internal sealed class FlowTable
{
    public const int Limit = 65_536;

    private Dictionary<uint, FlowState> _young = [];
    private Dictionary<uint, FlowState> _old = [];

    public int Count => _young.Count + _old.Count;

    /// <summary>The flow's state, for changing in place until the next call.</summary>
    public ref FlowState Get(uint flow)
    {
        ref FlowState state = ref CollectionsMarshal.GetValueRefOrNullRef(_young, flow);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref state))
            return ref state;
        _old.Remove(flow, out FlowState known);
        if (_young.Count >= Limit / 2)
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }

        state = ref CollectionsMarshal.GetValueRefOrAddDefault(_young, flow, out _);
        state = known;
        return ref state;
    }
}
