using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Tests.Api;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Apply;

/// <summary>
/// Server-side apply against the rules of kubernetes.io/docs/reference/using-api/server-side-apply told for a flat map: a value and its managers
/// for each key.
/// </summary>
public sealed class ApplyModelTests
{
    private static readonly Gen<Dictionary<string, string>> Values =
        Gen.Select(Gen.OneOfConst("a", "b", "c", "d"), Gen.OneOfConst("0", "1")).List[0, 4].Select(pairs => pairs.DistinctBy(pair => pair.Item1).ToDictionary(pair => pair.Item1, pair => pair.Item2));

    private static readonly Gen<Step> Steps = Gen.OneOf(
        Gen.Select(Gen.OneOfConst("m0", "m1", "m2"), Values, Gen.Bool, (who, values, force) => new Step(who, true, force, values, "")),
        Gen.Select(Gen.OneOfConst("u0", "m1"), Values, Gen.OneOfConst("", "a", "b", "c", "d"), (who, values, gone) => new Step(who, false, false, values, gone)));

    [Fact]
    public async Task Values_managers_and_conflicts_are_those_of_the_rules() =>
        await Steps.List[1, 12].SampleAsync(async steps =>
        {
            ApiFixture api = await ApiFixture.NewAsync();
            KindDescriptor kind = api.Kind("ConfigMap");
            // Its label keeps the object managed whatever becomes of its data.
            await api.Api.CreateAsync(kind, "default", api.Read("ConfigMap", """{"metadata":{"name":"c","labels":{"keep":"1"}}}"""), new WriteOptions(false, "creator"));
            var model = new Model();
            foreach (Step step in steps)
            {
                api.Time.Now = api.Time.Now.AddSeconds(1);
                string[] expected = step.IsApply ? model.Apply(step) : model.Update(step);
                string[] found = await RunAsync(api, kind, step);
                Assert.Equal(expected, found);
                ApiObject after = await api.GetAsync("ConfigMap", "c");
                Assert.Equal(model.Show(), Show(after.Document));
            }
        }, iter: 300);

    private static async Task<string[]> RunAsync(ApiFixture api, KindDescriptor kind, Step step)
    {
        var data = new JsonObject([.. step.Values.Where(pair => pair.Key != step.Gone).Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value))]);
        var patch = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "c" } };
        // An empty map is a value of its own, and this model has none.
        if (!step.IsApply || data.Count > 0)
            patch["data"] = data;
        if (!step.IsApply)
        {
            if (step.Gone.Length > 0)
                data[step.Gone] = null;
            await api.Api.PatchAsync(kind, "default", "c", ObjectView.Of(kind, ""), new PatchRequest(PatchForm.Merge, patch), new WriteOptions(false, step.Who));
            return [];
        }

        try
        {
            await api.Api.PatchAsync(kind, "default", "c", ObjectView.Of(kind, ""), new PatchRequest(PatchForm.Apply, patch, Force: step.Force), new WriteOptions(false, step.Who));
            return [];
        }
        catch (ApiException e) when (e.Code == 409)
        {
            return [.. e.Causes.Select(cause => cause.Field).Distinct().Order(StringComparer.Ordinal)];
        }
    }

    // "key=value: managers", in order.
    private static string[] Show(JsonObject document)
    {
        var owners = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (JsonObject entry in document["metadata"]!["managedFields"]!.AsArray().OfType<JsonObject>())
        {
            foreach ((string field, JsonNode? _) in entry["fieldsV1"]!["f:data"] as JsonObject ?? [])
            {
                if (field == ".")
                    continue;
                if (!owners.TryGetValue(field[2..], out List<string>? list))
                    owners[field[2..]] = list = [];
                list.Add($"{entry["manager"]}/{entry["operation"]}");
            }
        }

        return [.. (document["data"] as JsonObject ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}: {string.Join(' ', (owners.GetValueOrDefault(pair.Key) ?? []).Order(StringComparer.Ordinal))}")];
    }

    internal sealed record Step(string Who, bool IsApply, bool Force, Dictionary<string, string> Values, string Gone)
    {
        public override string ToString() => $"{Who} {(IsApply ? "applies" : "patches")}{(Force ? " by force" : "")} {string.Join(',', Values.Select(pair => $"{pair.Key}={pair.Value}"))} {Gone}";
    }

    private sealed class Model
    {
        private readonly SortedDictionary<string, (string Value, SortedSet<string> Owners)> _keys = new(StringComparer.Ordinal);

        public string[] Apply(Step step)
        {
            string me = $"{step.Who}/Apply";
            string[] conflicts = [.. step.Values.Where(pair => _keys.TryGetValue(pair.Key, out (string Value, SortedSet<string> Owners) key) && key.Value != pair.Value && key.Owners.Any(owner => owner != me))
                .Select(pair => $".data.{pair.Key}").Order(StringComparer.Ordinal)];
            if (conflicts.Length > 0 && !step.Force)
                return conflicts;
            foreach ((string key, string value) in step.Values)
                Set(key, value, me);
            foreach (string key in _keys.Where(pair => pair.Value.Owners.Contains(me) && !step.Values.ContainsKey(pair.Key)).Select(pair => pair.Key).ToArray())
            {
                _keys[key].Owners.Remove(me);
                if (_keys[key].Owners.Count == 0)
                    _keys.Remove(key);
            }

            return [];
        }

        public string[] Update(Step step)
        {
            foreach ((string key, string value) in step.Values.Where(pair => pair.Key != step.Gone))
            {
                // Writing what is there already manages nothing.
                if (!_keys.TryGetValue(key, out (string Value, SortedSet<string> Owners) now) || now.Value != value)
                    Set(key, value, $"{step.Who}/Update");
            }

            _keys.Remove(step.Gone);
            return [];
        }

        public string[] Show() => [.. _keys.Select(pair => $"{pair.Key}={pair.Value.Value}: {string.Join(' ', pair.Value.Owners)}")];

        private void Set(string key, string value, string who)
        {
            if (_keys.TryGetValue(key, out (string Value, SortedSet<string> Owners) now) && now.Value == value)
                now.Owners.Add(who);
            else
                _keys[key] = (value, new SortedSet<string>(StringComparer.Ordinal) { who });
        }
    }
}
