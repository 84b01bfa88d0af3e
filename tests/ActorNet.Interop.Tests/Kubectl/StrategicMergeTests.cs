using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Patches;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Interop.Tests.Kubectl;

/// <summary>
/// Random strategic merge patches on random pods: ours against kubectl's own code for it, which "kubectl patch --local" runs without a server.
/// </summary>
public sealed class StrategicMergeTests : IDisposable
{
    private const int PodsOfPatch = 12;

    private static readonly string[] Names = ["a", "b", "c", "d", "e"];

    private readonly string _folder = Directory.CreateTempSubdirectory("strategic").FullName;

    [Fact]
    public async Task Every_patch_gives_what_kubectl_gives()
    {
        Need.Tool("kubectl");
        var findings = new List<string>();
        for (int seed = 1; seed <= 25; seed++)
        {
            var random = new Random(seed);
            JsonObject[] pods = [.. Enumerable.Range(0, PodsOfPatch).Select(i => Pod(random, i))];
            JsonObject patch = Patch(random);
            JsonObject[] judged = await JudgeAsync(pods, patch);
            foreach ((JsonObject pod, JsonObject expected) in pods.Zip(judged))
            {
                JsonObject ours = StrategicMergePatch.Apply(pod, patch, ApiTypes.Kubernetes["core/v1.Pod"]);
                DropDirectives(expected);
                if (!JsonNode.DeepEquals(expected, ours))
                    findings.Add($"seed {seed}\npod    {pod.ToJsonString()}\npatch  {patch.ToJsonString()}\nkubectl {expected.ToJsonString()}\nours    {ours.ToJsonString()}");
            }
        }

        Assert.True(findings.Count == 0, $"{findings.Count} of {25 * PodsOfPatch} differ\n" + string.Join('\n', findings.Take(3)));
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private async Task<JsonObject[]> JudgeAsync(JsonObject[] pods, JsonObject patch)
    {
        string file = Path.Combine(_folder, "pods.json"), patchFile = Path.Combine(_folder, "patch.json");
        await File.WriteAllTextAsync(file, string.Join('\n', pods.Select(pod => pod.ToJsonString())));
        await File.WriteAllTextAsync(patchFile, patch.ToJsonString());
        CommandResult result = await ProcessRunner.RunAsync(["kubectl", "--kubeconfig", "/dev/null", "patch", "--local", "-f", file, "--patch-file", patchFile, "--type", "strategic", "-o", "json"]);
        Assert.True(result.ExitCode == 0, $"{patch.ToJsonString()}\n{result}");
        JsonObject[] judged = Documents(result.Output);
        Assert.Equal(pods.Length, judged.Length);
        return judged;
    }

    // kubectl leaves directives and nulls in what is new to the object; a server drops them when it reads it.
    private static void DropDirectives(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            foreach (string name in map.Where(each => each.Value is null || each.Key.StartsWith('$')).Select(each => each.Key).ToArray())
                map.Remove(name);
            foreach ((string _, JsonNode? value) in map)
                DropDirectives(value);
        }

        foreach (JsonNode? each in node as JsonArray ?? [])
            DropDirectives(each);
    }

    // kubectl prints one document after the other.
    private static JsonObject[] Documents(string text)
    {
        var documents = new List<JsonObject>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
            documents.Add(JsonNode.Parse(ref reader)!.AsObject());
        return [.. documents];
    }

    // Every list is there and has its merge keys: what a patch does to an absent list is another matter.
    private static JsonObject Pod(Random random, int index) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject
        {
            ["name"] = $"p{index}",
            ["namespace"] = "default",
            ["labels"] = new JsonObject { ["x"] = "1", ["y"] = "2" },
            ["finalizers"] = Texts(Some(random, 1)),
        },
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray([.. Some(random, 1).Select(name => Container(random, name))]),
            ["volumes"] = new JsonArray([.. Some(random, 1).Select(name => new JsonObject { ["name"] = name, ["emptyDir"] = new JsonObject() })]),
            ["tolerations"] = new JsonArray(new JsonObject { ["key"] = "k", ["operator"] = "Exists" }),
            ["nodeSelector"] = new JsonObject { ["n"] = "1" },
            ["imagePullSecrets"] = new JsonArray([.. Some(random, 1).Select(name => new JsonObject { ["name"] = name })]),
        },
    };

    private static JsonObject Container(Random random, string name) => new()
    {
        ["name"] = name,
        ["image"] = $"i{random.Next(3)}",
        ["args"] = Texts(Some(random, 0)),
        ["env"] = new JsonArray([.. Some(random, 1).Select(each => new JsonObject { ["name"] = each, ["value"] = $"{random.Next(3)}" })]),
        ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 80, ["name"] = "http" }, new JsonObject { ["containerPort"] = 81 + random.Next(3) }),
    };

    private static JsonObject Patch(Random random)
    {
        var spec = new JsonObject();
        List(random, spec, "containers", "name", Names, name => ContainerPatch(random, name));
        if (random.Next(2) == 0)
            List(random, spec, "volumes", "name", Names, name => new JsonObject { ["name"] = name, ["$retainKeys"] = Texts(["name", "configMap"]), ["configMap"] = new JsonObject { ["name"] = "m" } });
        if (random.Next(3) == 0)
            spec["tolerations"] = new JsonArray(new JsonObject { ["key"] = "other", ["operator"] = "Exists" });
        if (random.Next(3) == 0)
            spec["nodeSelector"] = random.Next(2) == 0 ? null : new JsonObject { ["n"] = null, ["m"] = "2" };
        if (random.Next(4) == 0)
            spec["nodeSelector"] = new JsonObject { ["$patch"] = "replace", ["only"] = "3" };
        if (random.Next(4) == 0)
            spec["imagePullSecrets"] = new JsonArray(new JsonObject { ["$patch"] = "replace" }, new JsonObject { ["name"] = "z" });
        var metadata = new JsonObject { ["labels"] = new JsonObject { ["x"] = random.Next(2) == 0 ? null : "9", ["z"] = "3" } };
        string[] added = random.Next(2) == 0 ? Some(random, 1) : [];
        if (added.Length > 0)
            metadata["finalizers"] = Texts(added);
        // What is added and deleted at once is there or not by the order of Go's map.
        if (random.Next(2) == 0)
            metadata["$deleteFromPrimitiveList/finalizers"] = Texts([Names.Except(added).First()]);
        return new JsonObject { ["metadata"] = metadata, ["spec"] = spec };
    }

    private static JsonObject ContainerPatch(Random random, string name)
    {
        var patch = new JsonObject { ["name"] = name };
        if (random.Next(2) == 0)
            patch["image"] = $"new{random.Next(3)}";
        if (random.Next(4) == 0)
            patch["args"] = random.Next(2) == 0 ? null : Texts(["x", "y"]);
        if (random.Next(2) == 0)
            List(random, patch, "env", "name", Names, each => new JsonObject { ["name"] = each, ["value"] = $"e{random.Next(3)}" });
        if (random.Next(3) == 0)
            List(random, patch, "ports", "containerPort", [80, 81, 82, 83], port => new JsonObject { ["containerPort"] = port, ["protocol"] = "TCP" });
        return patch;
    }

    // Changes and deletions of some elements, at times with the order of the whole list.
    private static void List<T>(Random random, JsonObject patch, string list, string key, T[] keys, Func<T, JsonObject> change)
        where T : notnull
    {
        T[] touched = [.. keys.OrderBy(_ => random.Next()).Take(random.Next(1, 4))];
        // A deletion of what a pod may lack would stay in it as it is: kubectl takes the elements of a new list as they are.
        JsonObject[] elements = [.. touched.Select(each => random.Next(4) == 0 ? new JsonObject { [key] = JsonValue.Create(each), ["$patch"] = "delete" } : change(each))];
        patch[list] = new JsonArray([.. elements]);
        if (random.Next(2) == 0)
            return;
        var order = elements.Where(each => !each.ContainsKey("$patch")).Select(each => each[key]!.DeepClone()).ToList();
        foreach (T other in keys.Except(touched))
            order.Insert(random.Next(order.Count + 1), JsonValue.Create(other)!);
        patch[$"$setElementOrder/{list}"] = new JsonArray([.. order.Select(each => new JsonObject { [key] = each })]);
    }

    private static string[] Some(Random random, int least) => [.. Names.OrderBy(_ => random.Next()).Take(random.Next(least, 4))];

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];
}
