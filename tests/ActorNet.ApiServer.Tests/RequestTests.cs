using System.Text.Json.Nodes;
using CsCheck;

namespace ActorNet.ApiServer.Tests;

/// <summary>Requests good and bad over real HTTP; expectations by the recorded facts, sections 2, 3, 5 and 6.</summary>
public sealed class RequestTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Merge = "application/merge-patch+json";

    [Theory]
    [InlineData("/api/v1/pods", "", "v1", "", "pods", "", "")]
    [InlineData("/api/v1/namespaces", "", "v1", "", "namespaces", "", "")]
    [InlineData("/api/v1/namespaces/a", "", "v1", "", "namespaces", "a", "")]
    [InlineData("/api/v1/namespaces/a/status", "", "v1", "", "namespaces", "a", "status")]
    [InlineData("/api/v1/namespaces/a/finalize", "", "v1", "", "namespaces", "a", "finalize")]
    [InlineData("/api/v1/namespaces/a/pods", "", "v1", "a", "pods", "", "")]
    [InlineData("/api/v1/namespaces/a/pods/b", "", "v1", "a", "pods", "b", "")]
    [InlineData("/api/v1/namespaces/a/pods/b/status", "", "v1", "a", "pods", "b", "status")]
    [InlineData("/apis/apps/v1/namespaces/a/deployments/b/scale", "apps", "v1", "a", "deployments", "b", "scale")]
    public void A_path_names_a_resource(string path, string group, string version, string space, string plural, string name, string sub) =>
        Assert.Equal(new ResourcePath(group, version, space, plural, name, sub), ResourcePath.Parse(path));

    [Theory]
    [InlineData("/")]
    [InlineData("/api/v1")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/x/v1/pods")]
    [InlineData("/api/v1/namespaces//pods")]
    [InlineData("/api/v1/namespaces/a/pods/b/c/d")]
    public void Other_paths_name_none(string path) => Assert.Null(ResourcePath.Parse(path));

    [Theory]
    [InlineData("", AnswerForm.Plain)]
    [InlineData("application/json", AnswerForm.Plain)]
    [InlineData("*/*", AnswerForm.Plain)]
    [InlineData("application/json, */*;q=0.8", AnswerForm.Plain)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", AnswerForm.Plain)]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", AnswerForm.Table)]
    [InlineData("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", AnswerForm.Plain)]
    [InlineData("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", AnswerForm.MetadataList)]
    [InlineData("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json", AnswerForm.Metadata)]
    public void An_accept_header_names_a_form(string accept, AnswerForm expected) => Assert.Equal(expected, Negotiation.FormOf(accept));

    [Fact]
    public async Task Discovery_answers_a_version_that_the_client_names()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (string version in new[] { "v2", "v2beta1" })
        {
            (int code, JsonNode? body, HttpResponseMessage answer) = await server.SendAsync(HttpMethod.Get, "/apis", accept: $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList,application/json");
            Assert.Equal((200, $"apidiscovery.k8s.io/{version}"), (code, body!["apiVersion"]!.GetValue<string>()));
            Assert.Equal($"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList", answer.Content.Headers.NonValidated["Content-Type"].ToString().Replace(" ", "", StringComparison.Ordinal));
        }

        Assert.Equal("APIGroupList", (await server.SendAsync(HttpMethod.Get, "/apis/")).Body!["kind"]!.GetValue<string>());
        Assert.Equal("apps/v1", (await server.SendAsync(HttpMethod.Get, "/apis/apps")).Body!["preferredVersion"]!["groupVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task OpenApi_documents_hold_together()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonObject paths = (await server.SendAsync(HttpMethod.Get, "/openapi/v3")).Body!["paths"]!.AsObject();
        foreach ((string _, JsonNode? each) in paths)
        {
            (int code, JsonNode? document, HttpResponseMessage answer) = await server.SendAsync(HttpMethod.Get, each!["serverRelativeURL"]!.GetValue<string>());
            Assert.Equal(200, code);
            Assert.NotNull(answer.Headers.ETag);
            JsonObject schemas = document!["components"]!["schemas"]!.AsObject();
            foreach (string reference in References(document))
                Assert.True(schemas.ContainsKey(reference.Replace("#/components/schemas/", "", StringComparison.Ordinal)), reference);
        }
    }

    [Theory]
    [InlineData("GET", "/api/v1/nothing", null, null, 404, "NotFound")]
    [InlineData("GET", "/api/v2/pods", null, null, 404, "NotFound")]
    [InlineData("GET", "/api/v1/pods/a", null, null, 404, "NotFound")]
    [InlineData("GET", ConfigMaps + "/none", null, null, 404, "NotFound")]
    [InlineData("GET", ConfigMaps + "/none/status", null, null, 404, "NotFound")]
    [InlineData("POST", "/api/v1/configmaps", "{}", "application/json", 405, "MethodNotAllowed")]
    [InlineData("POST", ConfigMaps + "/a", "{}", "application/json", 405, "MethodNotAllowed")]
    [InlineData("PUT", ConfigMaps, "{}", "application/json", 405, "MethodNotAllowed")]
    [InlineData("POST", ConfigMaps, "{}", "text/csv", 415, "UnsupportedMediaType")]
    [InlineData("POST", ConfigMaps, "{", "application/json", 400, "BadRequest")]
    [InlineData("POST", ConfigMaps, "", "application/json", 400, "BadRequest")]
    [InlineData("POST", ConfigMaps, "k8s", "application/vnd.kubernetes.protobuf", 400, "BadRequest")]
    [InlineData("POST", ConfigMaps + "?dryRun=Some", "{}", "application/json", 422, "Invalid")]
    [InlineData("POST", ConfigMaps + "?fieldValidation=Maybe", "{}", "application/json", 422, "Invalid")]
    [InlineData("GET", ConfigMaps + "?labelSelector=a%20b", null, null, 400, "BadRequest")]
    [InlineData("GET", ConfigMaps + "?limit=x", null, null, 400, "BadRequest")]
    [InlineData("GET", ConfigMaps + "?resourceVersion=x", null, null, 422, "Invalid")]
    [InlineData("GET", ConfigMaps + "?watch=1&resourceVersion=x", null, null, 422, "Invalid")]
    [InlineData("GET", ConfigMaps + "?continue=x", null, null, 400, "BadRequest")]
    [InlineData("PATCH", ConfigMaps + "/none", "{}", Merge, 404, "NotFound")]
    [InlineData("PATCH", ConfigMaps + "/none", "{}", "application/json", 415, "UnsupportedMediaType")]
    [InlineData("PATCH", ConfigMaps + "/none", "{\"a\":1,\"a\":2}", Merge, 400, "BadRequest")]
    [InlineData("DELETE", ConfigMaps + "/none", "{\"propagationPolicy\":\"Never\"}", "application/json", 422, "Invalid")]
    public async Task A_bad_request_gets_its_status(string method, string path, string? body, string? contentType, int code, string reason)
    {
        await using TestServer server = await TestServer.StartAsync();
        (int found, JsonNode? status, _) = await server.SendAsync(new HttpMethod(method), path, body, contentType);
        Assert.Equal((code, "Status", "Failure", reason, code), (found, status!["kind"]!.GetValue<string>(), status["status"]!.GetValue<string>(), status["reason"]!.GetValue<string>(), status["code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Nothing_that_is_accepted_is_406()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(406, (await server.SendAsync(HttpMethod.Get, ConfigMaps, accept: "application/json;as=Chair;g=meta.k8s.io;v=v1")).Code);
        Assert.Equal(406, (await server.SendAsync(HttpMethod.Get, ConfigMaps, accept: "application/vnd.kubernetes.protobuf")).Code);
    }

    [Fact]
    public async Task A_mebibyte_is_taken_and_four_are_too_many()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(201, (await server.SendAsync(HttpMethod.Post, ConfigMaps, Map("big", 1 << 20))).Code);
        (int code, JsonNode? status, _) = await server.SendAsync(HttpMethod.Post, ConfigMaps, Map("huge", 4 << 20));
        Assert.Equal((413, "RequestEntityTooLarge"), (code, status!["reason"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_body_without_a_type_is_json_and_a_charset_changes_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(201, (await server.SendAsync(HttpMethod.Post, ConfigMaps, Map("a", 1), null)).Code);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Put, ConfigMaps + "/a", Map("a", 2), null)).Code);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Patch, ConfigMaps + "/a", "{\"data\":{\"x\":\"y\"}}", Merge + "; charset=utf-8")).Code);
    }

    [Fact]
    public async Task Unknown_fields_are_warned_about()
    {
        await using TestServer server = await TestServer.StartAsync();
        (int code, _, HttpResponseMessage answer) = await server.SendAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"a"},"foo":1}""");
        Assert.Equal((201, "299 - \"unknown field \\\"foo\\\"\""), (code, string.Join("; ", answer.Headers.GetValues("Warning"))));
    }

    [Fact]
    public async Task A_deletion_answers_with_a_status_or_with_the_object()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonNode made = (await server.SendAsync(HttpMethod.Post, ConfigMaps, Map("a", 1))).Body!;
        JsonNode gone = (await server.SendAsync(HttpMethod.Delete, ConfigMaps + "/a")).Body!;
        Assert.Equal(("Status", "Success", "a", "configmaps", made["metadata"]!["uid"]!.GetValue<string>()),
            (gone["kind"]!.GetValue<string>(), gone["status"]!.GetValue<string>(), gone["details"]!["name"]!.GetValue<string>(), gone["details"]!["kind"]!.GetValue<string>(), gone["details"]!["uid"]!.GetValue<string>()));
        await server.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""");
        Assert.Equal("Service", (await server.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/default/services/s")).Body!["kind"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_watch_of_what_is_compacted_is_410_at_once_and_an_error_event_later()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int i = 0; i < 5; i++)
            await server.SendAsync(HttpMethod.Post, ConfigMaps, Map($"m{i}", 1));
        await server.Store.CompactAsync(5);
        (int code, JsonNode? status, _) = await server.SendAsync(HttpMethod.Get, ConfigMaps + "?watch=1&resourceVersion=2");
        Assert.Equal((410, "Expired", "too old resource version: 2 (5)"), (code, status!["reason"]!.GetValue<string>(), status["message"]!.GetValue<string>()));
    }

    [Fact]
    public async Task No_request_is_the_servers_fault()
    {
        await using TestServer server = await TestServer.StartAsync();
        Gen<string> part = Gen.OneOfConst("api", "apis", "v1", "apps", "namespaces", "default", "pods", "services", "deployments", "status", "scale", "binding", "eviction", "%00", "..", "a%2Fb", "x", "", "openapi", "v3", "version");
        Gen<string> query = Gen.OneOfConst("", "?watch=0", "?limit=-1", "?labelSelector=%2C", "?fieldSelector=%5C", "?continue=e30", "?dryRun=All", "?timeoutSeconds=1&resourceVersion=99999999999999999999", "?gracePeriodSeconds=-9223372036854775808");
        Gen<string> body = Gen.OneOfConst("", "{}", "[]", "null", "{\"metadata\":{\"name\":\"a\"}}", "{\"metadata\":[]}", "{\"spec\":{\"containers\":[null]},\"metadata\":{\"generateName\":\"a\"}}",
            "{\"spec\":{\"ports\":[{\"port\":70000,\"nodePort\":-1}],\"type\":\"NodePort\"},\"metadata\":{\"name\":\"b\"}}", "{\"spec\":{\"template\":null,\"selector\":{\"matchExpressions\":[{}]}},\"metadata\":{\"name\":\"c\"}}", "[{\"op\":\"add\",\"path\":\"\",\"value\":1}]", "\"\\ud800\"");
        Gen<string> method = Gen.OneOfConst("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");
        Gen<string> type = Gen.OneOfConst("application/json", Merge, "application/json-patch+json", "application/strategic-merge-patch+json", "application/vnd.kubernetes.protobuf", "nonsense");
        await Gen.Select(part.Array[1, 8], query, body, method, type).SampleAsync(async (parts, what, text, verb, media) =>
        {
            string path = "/" + string.Join('/', parts) + what;
            (int code, _, _) = await server.SendAsync(new HttpMethod(verb), path, verb is "GET" or "HEAD" ? null : text, media);
            Assert.True(code is not 500, $"{verb} {path} {media} {text}");
        }, iter: 3_000, threads: 1);
    }

    private static string Map(string name, int length) =>
        new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["k"] = new string('x', length) } }.ToJsonString();

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(each => each.Key == "$ref" ? [each.Value!.GetValue<string>()] : References(each.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
