namespace ActorNet.Node.Edge;

/// <summary>What the edge did so far. Changed from many threads; each figure is right by itself.</summary>
internal sealed class EdgeCounters
{
    private long _accepted;
    private long _refused;
    private long _aborted;
    private long _flows;
    private long _flowsRefused;
    private long _datagramsDropped;

    /// <summary>Real connections accepted.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Of those, reset because nobody in the node's network took them.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Of those, that ended with a reset from one side.</summary>
    public long Aborted => Volatile.Read(ref _aborted);

    /// <summary>UDP flows begun.</summary>
    public long Flows => Volatile.Read(ref _flows);

    /// <summary>UDP flows that were one too many, or had no socket.</summary>
    public long FlowsRefused => Volatile.Read(ref _flowsRefused);

    /// <summary>Datagrams that were lost at the edge.</summary>
    public long DatagramsDropped => Volatile.Read(ref _datagramsDropped);

    public void CountAccepted() => Interlocked.Increment(ref _accepted);

    public void CountRefused() => Interlocked.Increment(ref _refused);

    public void CountAborted() => Interlocked.Increment(ref _aborted);

    public void CountFlow() => Interlocked.Increment(ref _flows);

    public void CountFlowRefused() => Interlocked.Increment(ref _flowsRefused);

    public void CountDatagramDropped() => Interlocked.Increment(ref _datagramsDropped);
}
