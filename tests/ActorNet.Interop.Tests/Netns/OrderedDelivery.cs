namespace ActorNet.Interop.Tests.Netns;

/// <summary>
/// Makes the devices of some namespaces deliver in the order in which they were given packets, as a wire does. Without it Linux does not
/// promise that: what is sent into a veth pair waits in the backlog of the processor that sent it (linux net/core/dev.c netif_rx), and a TCP
/// socket sends from two processors in turn, that of the program and that of the ACK. With one processor named for receive packet steering
/// (Documentation/networking/scaling.rst, RPS) there is one backlog.
/// </summary>
public sealed class OrderedDelivery : IAsyncDisposable
{
    private readonly IReadOnlyList<NetworkNamespace> _namespaces;

    private OrderedDelivery(IReadOnlyList<NetworkNamespace> namespaces) => _namespaces = namespaces;

    /// <summary>Orders the devices that the namespaces have now, until it is disposed.</summary>
    public static async Task<OrderedDelivery> StartAsync(IReadOnlyList<NetworkNamespace> namespaces)
    {
        ArgumentNullException.ThrowIfNull(namespaces);
        await SteerAsync(namespaces, "1");
        return new OrderedDelivery(namespaces);
    }

    /// <summary>
    /// Packets that Linux threw away so far because a processor's backlog was full, on the whole machine: the second column of each line of
    /// /proc/net/softnet_stat (linux net/core/net-procfs.c softnet_seq_show).
    /// </summary>
    public static async Task<long> BacklogDropsAsync() =>
        (await File.ReadAllLinesAsync("/proc/net/softnet_stat")).Sum(line => Convert.ToInt64(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], 16));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await SteerAsync(_namespaces, "0");

    // `ip netns exec` shows the namespace's own devices under /sys. A kernel for one processor has no such files, and one backlog.
    private static async Task SteerAsync(IReadOnlyList<NetworkNamespace> namespaces, string processors)
    {
        foreach (NetworkNamespace ns in namespaces)
            await ns.ExecAsync("sh", "-c", $"for each in /sys/class/net/*/queues/rx-*/rps_cpus; do [ ! -e $each ] || echo {processors} > $each || exit 1; done");
    }
}
