using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>
/// What is printed is what forwards: one entry of a route, neighbour or forwarding table is changed with the tools, the listing and the
/// packets' fate must change together, and putting the entry back must restore both. Run against the kernel and against ActorNet.
/// </summary>
/// <param name="factory">Makes the judged node.</param>
public abstract class TableChangeJudge(JudgedNodeFactory factory) : IAsyncLifetime
{
    private JudgementBed? _bed;

    /// <summary>
    /// The listing; what stands in it before and after; what stands in it when changed (none: nothing of that address); the change; how it
    /// is put back. PEER is the MAC address of the peer's VTEP.
    /// </summary>
    public static TheoryData<string, string, string, string, string> Changes => new()
    {
        {
            "ip route show 10.244.9.0/24", "10.244.9.0/24 via 10.244.9.0 dev flannel.1 onlink", "",
            "ip route del 10.244.9.0/24", "ip route add 10.244.9.0/24 via 10.244.9.0 dev flannel.1 onlink"
        },
        {
            "ip route show 10.244.9.0/24", "10.244.9.0/24 via 10.244.9.0 dev flannel.1 onlink", "10.244.9.0/24 via 10.244.9.77 dev flannel.1 onlink",
            "ip route replace 10.244.9.0/24 via 10.244.9.77 dev flannel.1 onlink", "ip route replace 10.244.9.0/24 via 10.244.9.0 dev flannel.1 onlink"
        },
        {
            "ip route show 10.244.9.0/24", "10.244.9.0/24 via 10.244.9.0 dev flannel.1 onlink", "blackhole 10.244.9.0/24",
            "ip route replace blackhole 10.244.9.0/24", "ip route replace 10.244.9.0/24 via 10.244.9.0 dev flannel.1 onlink"
        },
        {
            "ip neigh show to 10.244.9.0", "10.244.9.0 dev flannel.1 lladdr PEER PERMANENT", "",
            "ip neigh del 10.244.9.0 dev flannel.1", "ip neigh replace 10.244.9.0 lladdr PEER dev flannel.1 nud permanent"
        },
        {
            "ip neigh show to 10.244.9.0", "10.244.9.0 dev flannel.1 lladdr PEER PERMANENT", "10.244.9.0 dev flannel.1 lladdr 5e:f4:68:83:7d:77 PERMANENT",
            "ip neigh replace 10.244.9.0 lladdr 5e:f4:68:83:7d:77 dev flannel.1 nud permanent", "ip neigh replace 10.244.9.0 lladdr PEER dev flannel.1 nud permanent"
        },
        {
            "bridge fdb show dev flannel.1", "PEER dst 192.168.56.19 self permanent", "",
            "bridge fdb del PEER dev flannel.1 dst 192.168.56.19 self", "bridge fdb replace PEER dev flannel.1 dst 192.168.56.19 self permanent"
        },
        {
            "bridge fdb show dev flannel.1", "PEER dst 192.168.56.19 self permanent", "PEER dst 192.168.56.200 self permanent",
            "bridge fdb replace PEER dev flannel.1 dst 192.168.56.200 self permanent", "bridge fdb replace PEER dev flannel.1 dst 192.168.56.19 self permanent"
        },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_changed_entry_is_printed_and_obeyed_until_it_is_put_back(string listing, string standing, string changed, string change, string restore)
    {
        Need.Tool("ping");
        JudgementBed bed = await BedAsync();
        string peer = bed.Near.VtepMac;
        standing = standing.Replace("PEER", peer, StringComparison.Ordinal);
        changed = changed.Replace("PEER", peer, StringComparison.Ordinal);
        Assert.Equal(standing, await ListAsync(bed, listing));
        Assert.Equal(0, (await PingAsync(bed)).ExitCode);

        await OnNodeAsync(bed, change.Replace("PEER", peer, StringComparison.Ordinal));

        Assert.Equal(changed, await ListAsync(bed, listing));
        CommandResult stopped = await PingAsync(bed);
        Assert.True(stopped.ExitCode == 1 && stopped.Output.Contains(" 0 received", StringComparison.Ordinal), $"after `{change}`:\n{stopped}");

        await OnNodeAsync(bed, restore.Replace("PEER", peer, StringComparison.Ordinal));

        Assert.Equal(standing, await ListAsync(bed, listing));
        CommandResult restored = await PingAsync(bed);
        Assert.True(restored.ExitCode == 0, $"after `{restore}`:\n{restored}");
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _bed?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private static async Task<string> ListAsync(JudgementBed bed, string listing) =>
        Regex.Replace(await OnNodeAsync(bed, listing), " +(?=\n|$)", "").TrimEnd('\n');

    private static Task<CommandResult> PingAsync(JudgementBed bed) =>
        bed.Far.InPodAsync("ping", "-c", "2", "-i", "0.2", "-W", "1", bed.NearPod.Address);

    private static async Task<string> OnNodeAsync(JudgementBed bed, string command) =>
        (await bed.Far.OnNodeAsync(command.Split(' '))).EnsureSuccess().Output;

    // A bed of its own for each change: one that fails must not decide the next.
    private async Task<JudgementBed> BedAsync() => _bed ??= await JudgementBed.CreateAsync(factory);
}

/// <summary>The expectations held against the kernel itself.</summary>
public sealed class KernelTableChangeTests() : TableChangeJudge(KernelJudgedNode.CreateAsync);

/// <summary>The expectations held against ActorNet.</summary>
public sealed class TableChangeTests() : TableChangeJudge(ActorNetJudgedNode.CreateAsync);
