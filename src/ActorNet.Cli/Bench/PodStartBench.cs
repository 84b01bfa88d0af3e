using System.Text.Json.Nodes;

namespace ActorNet.Cli.Bench;

/// <summary>Measures how long a Deployment's pods take from their creation to Ready.</summary>
internal static class PodStartBench
{
    private const string Deployments = $"apis/apps/v1/namespaces/{BenchObjects.Namespace}/deployments";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Creates the Deployment and waits.</summary>
    /// <param name="objects">The API.</param>
    /// <param name="count">Pods.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<PodsReport> RunAsync(BenchObjects objects, int count, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        await objects.CreateAsync(Deployments, Deployment(count), ct).ConfigureAwait(false);
        int ready;
        while ((ready = Ready(await objects.GetAsync($"{Deployments}/pods", ct).ConfigureAwait(false))) < count)
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new UsageException($"bench: {ready} of {count} pods were Ready after {Patience.TotalSeconds:0} s.");
            await Task.Delay(Poll, ct).ConfigureAwait(false);
        }

        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        JsonObject pods = await objects.GetAsync($"api/v1/namespaces/{BenchObjects.Namespace}/pods", ct).ConfigureAwait(false);
        return new PodsReport
        {
            Count = count,
            Seconds = Math.Round(seconds, 2),
            OnHosts = pods["items"]!.AsArray().CountBy(pod => pod!["spec"]!["nodeName"]!.GetValue<string>()).OrderBy(each => each.Key, StringComparer.Ordinal).ToDictionary(),
        };
    }

    private static int Ready(JsonObject deployment) => deployment["status"]?["readyReplicas"]?.GetValue<int>() ?? 0;

    private static JsonObject Deployment(int count)
    {
        static JsonObject Labels() => new() { ["app"] = "bench" };
        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = "pods" },
            ["spec"] = new JsonObject
            {
                ["replicas"] = count,
                ["selector"] = new JsonObject { ["matchLabels"] = Labels() },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = Labels() },
                    ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "nginx", ["image"] = "nginx" }) },
                },
            },
        };
    }
}
