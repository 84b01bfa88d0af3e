using System.Runtime.CompilerServices;
using ActorNet.Cluster.Links;

namespace ActorNet.Cluster.Tests;

/// <summary>A host whose control system ends again and again keeps none of them.</summary>
[Collection(ClusterCollection.Name)]
public sealed class EndedSystemTests
{
    [Fact]
    public async Task Control_systems_that_have_ended_are_collected()
    {
        ControlLinks links = new();
        List<WeakReference> ended = [];
        for (int i = 0; i < 3; i++)
            ended.AddRange(await LiveAndEndAsync(links));

        await Hosts.Until(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !ended.Exists(static system => system.IsAlive);
            },
            () => $"{ended.Count(static system => system.IsAlive)} of {ended.Count} ended systems are still reachable");
        Assert.Equal(0, links.Live.Count);
    }

    /// <summary>Akka's names that <see cref="EndedSystem"/> uses: another version of Akka may have others, and would leak without a word.</summary>
    [Fact]
    public void This_version_of_Akka_has_the_cache_that_is_released()
    {
        Assert.NotNull(EndedSystem.Values);
        Assert.True(EndedSystem.Values.FieldType.IsAssignableTo(typeof(IDisposable)), $"{EndedSystem.Values.FieldType} cannot be disposed");
    }

    // Two hosts that hear of each other, so that threads of the process have decoded messages of both. A method of its own: no local of it lives on.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference[]> LiveAndEndAsync(ControlLinks links)
    {
        await using Hosts hosts = new();
        ControlSystem first = await hosts.StartAsync(hosts.Options(1), links);
        first.StartAgent(static () => "{}"u8.ToArray());
        ControlSystem second = await hosts.StartAsync(hosts.Options(2, first.Endpoint));
        await Hosts.Until(() => second.Snapshot.Find("h1") is not null, () => Hosts.Describe(second));
        Assert.NotNull(await second.DescribeAsync("h1", Hosts.Patience, TestContext.Current.CancellationToken));
        return [new WeakReference(first.System), new WeakReference(second.System)];
    }
}
