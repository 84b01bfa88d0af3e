using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Netfilter;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.Netns;
using CsCheck;
using NetworkNamespace = ActorNet.Interop.Tests.Netns.NetworkNamespace;

namespace ActorNet.Interop.Tests.Netfilter;

/// <summary>The real iptables-restore and iptables-save, both variants, judge what we read and print.</summary>
public sealed class RuleRoundTripTests
{
    [Theory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task Random_rules_come_out_of_the_kernel_line_for_line_as_out_of_us(string variant)
    {
        Need.Namespaces();
        Need.Tool($"iptables-{variant}-restore", $"iptables-{variant}-save");
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        NetworkNamespace kernel = await lab.AddNamespaceAsync("rules");
        for (uint seed = 1; seed <= 25; seed++)
        {
            string text = RuleTexts.RuleSet.Generate(new PCG(seed, 0x5EED), null, out _);
            await JudgeAsync(kernel, variant, text);
        }
    }

    private static async Task JudgeAsync(NetworkNamespace kernel, string variant, string text)
    {
        using var pool = new OwnNamespace();
        NetfilterState ours = pool.Namespace.EnableNetfilter();
        Assert.Equal(RestoreResult.Success, ours.Restore(text));
        string printed = ours.Save(DateTimeOffset.UnixEpoch);

        (await kernel.TryExecAsync([$"iptables-{variant}-restore"], TimeSpan.FromSeconds(60), text)).EnsureSuccess();
        Assert.Equal(Tables(await SaveAsync(kernel, variant)), Tables(printed));
        (await kernel.TryExecAsync([$"iptables-{variant}-restore"], TimeSpan.FromSeconds(60), printed)).EnsureSuccess();
        Assert.Equal(Tables(await SaveAsync(kernel, variant)), Tables(printed));
    }

    private static async Task<string> SaveAsync(NetworkNamespace kernel, string variant) => (await kernel.ExecAsync($"iptables-{variant}-save")).Output;

    // Table by table; comment lines and the order of tables aside.
    private static string Tables(string saved)
    {
        IEnumerable<string> lines = saved.Split('\n').Where(static l => l.Length > 0 && l[0] != '#');
        string[] tables = string.Join('\n', lines).Split("COMMIT", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return string.Join('\n', tables.Order(StringComparer.Ordinal));
    }

    private sealed class OwnNamespace : IDisposable
    {
        private readonly FrameCache _frames;

        public OwnNamespace()
        {
            _frames = new FramePool().CreateCache("rules");
            Namespace = new Dataplane.Ip.NetworkNamespace(new NamespaceOptions { Name = "rules" }, new MonotonicClock(TimeProvider.System), _frames);
        }

        public Dataplane.Ip.NetworkNamespace Namespace { get; }

        public void Dispose()
        {
            Namespace.Dispose();
            _frames.Dispose();
        }
    }
}
