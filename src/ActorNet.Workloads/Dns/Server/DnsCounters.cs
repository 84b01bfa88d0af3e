namespace ActorNet.Workloads.Dns.Server;

/// <summary>What a server counts.</summary>
internal sealed class DnsCounters
{
    private long _questions, _garbage, _busy;

    /// <summary>Messages that were answered.</summary>
    public long Questions => Interlocked.Read(ref _questions);

    /// <summary>What was no message, or claimed to be an answer.</summary>
    public long Garbage => Interlocked.Read(ref _garbage);

    /// <summary>Connections that were closed because there were too many.</summary>
    public long Busy => Interlocked.Read(ref _busy);

    public void CountQuestion() => Interlocked.Increment(ref _questions);

    public void CountGarbage() => Interlocked.Increment(ref _garbage);

    public void CountBusy() => Interlocked.Increment(ref _busy);
}
