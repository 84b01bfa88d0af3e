using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;

namespace ActorNet.ApiServer.Tests.Front;

/// <summary>Tokens of service accounts: asked for, shown to either host, and over when what they are bound to is.</summary>
public sealed class TokenTests
{
    private const string Account = """{"metadata":{"name":"robot"}}""";

    /// <summary>The claims that Kubernetes documents (reference/access-authn-authz/service-accounts-admin, "Schema for service account private claims").</summary>
    [Fact]
    public async Task A_token_says_whose_it_is_and_what_it_is_bound_to_as_Kubernetes_documents()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        JsonObject account = await bed.MakeAsync("ServiceAccount", Account), pod = await bed.MakeAsync("Pod", PodOf("robot"));

        JsonNode answer = await AskAsync(bed, """{"spec":{"audiences":["https://kubernetes.default.svc.cluster.local"],"expirationSeconds":3607,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}""");

        JsonNode claims = Claims(answer);
        long issued = (long)claims["iat"]!;
        var expected = new JsonObject
        {
            ["aud"] = new JsonArray("https://kubernetes.default.svc.cluster.local"),
            // Upstream's ExpirationExtensionSeconds: a year for what admission asked for.
            ["exp"] = Math.Min(issued + (365 * 24 * 3600), bed.SignerEnds.ToUnixTimeSeconds()),
            ["iat"] = issued,
            ["iss"] = "https://kubernetes.default.svc.cluster.local",
            ["jti"] = (string)claims["jti"]!,
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = "default",
                ["pod"] = new JsonObject { ["name"] = "p", ["uid"] = (string)pod["metadata"]!["uid"]! },
                ["serviceaccount"] = new JsonObject { ["name"] = "robot", ["uid"] = (string)account["metadata"]!["uid"]! },
                ["warnafter"] = issued + 3607,
            },
            ["nbf"] = issued,
            ["sub"] = "system:serviceaccount:default:robot",
        };
        Assert.True(JsonNode.DeepEquals(expected, claims), claims.ToJsonString());
        Assert.Equal("ES256", (string?)Part((string)answer["status"]!["token"]!, 0)["alg"]);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(issued + 3607), DateTimeOffset.Parse((string)answer["status"]!["expirationTimestamp"]!, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Either_host_knows_the_bearer_of_a_token_until_ten_seconds_after_its_pod_or_its_account_is_gone()
    {
        // Upstream's TokenSuccessCacheTTL (kubeapiserver/authenticator/config.go).
        var time = new SteppedTime(TimeProvider.System.GetUtcNow());
        await using FrontBed bed = await FrontBed.StartAsync(time);
        await bed.MakeAsync("ServiceAccount", Account);
        await bed.MakeAsync("Pod", PodOf("robot"));
        string ofPod = TokenOf(await AskAsync(bed, """{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}""")), ofAccount = TokenOf(await AskAsync(bed, "{}"));

        foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
        {
            JsonNode user = JsonNode.Parse((await WhoAsync(bed, front, ofPod)).Text)!["status"]!["userInfo"]!;
            Assert.Equal("system:serviceaccount:default:robot", (string?)user["username"]);
            Assert.Equal("""["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"]""", user["groups"]!.ToJsonString());
            Assert.Equal("p", (string?)user["extra"]!["authentication.kubernetes.io/pod-name"]![0]);
        }

        await bed.Api.DeleteAsync(bed.Api.Kinds.Of("", "Pod"), "default", "p", new DeleteOptions());
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(HttpStatusCode.Created, (await WhoAsync(bed, bed.N1.ApiAddress, ofPod)).Code);
        time.Advance(TimeSpan.FromSeconds(1));
        foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await WhoAsync(bed, front, ofPod)).Code);
            Assert.Equal(HttpStatusCode.Created, (await WhoAsync(bed, front, ofAccount)).Code);
        }

        await bed.Api.DeleteAsync(bed.Api.Kinds.Of("", "ServiceAccount"), "default", "robot", new DeleteOptions());
        await bed.MakeAsync("ServiceAccount", Account);
        time.Advance(TimeSpan.FromSeconds(10));
        foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
            Assert.Equal(HttpStatusCode.Unauthorized, (await WhoAsync(bed, front, ofAccount)).Code);
    }

    [Fact]
    public async Task A_host_answers_a_bearer_from_its_own_copy_when_it_knows_the_account_and_the_pod()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.CopyAsync("ConfigMap");
        await bed.CopyAsync("ServiceAccount");
        await bed.CopyAsync("Pod");
        await bed.MakeAsync("ServiceAccount", Account);
        await bed.MakeAsync("Pod", PodOf("robot"));
        string token = TokenOf(await AskAsync(bed, """{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}"""));
        var list = new Uri(bed.N2.ApiAddress, "/api/v1/configmaps?resourceVersion=0");
        // The copy is from before the account: the API server is asked.
        Assert.Equal((HttpStatusCode.OK, 0), (await GetAsync(bed, list, token), bed.LoadOf2.Status.Cached));
        await bed.CopyAsync("ServiceAccount");
        Assert.Equal((HttpStatusCode.OK, 0), (await GetAsync(bed, list, token), bed.LoadOf2.Status.Cached));
        await bed.CopyAsync("Pod");
        Assert.Equal((HttpStatusCode.OK, 1), (await GetAsync(bed, list, token), bed.LoadOf2.Status.Cached));
    }

    /// <summary>RFC 8725: what is not signed, or signed by somebody else or otherwise, is no token.</summary>
    [Fact]
    public async Task A_forged_token_is_refused()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.MakeAsync("ServiceAccount", Account);
        string good = TokenOf(await AskAsync(bed, "{}"));
        string[] parts = good.Split('.');
        JsonNode claims = Part(good, 1), header = Part(good, 0);
        claims["sub"] = "system:serviceaccount:default:other";
        claims["kubernetes.io"]!["serviceaccount"]!["name"] = "other";
        JsonNode unsigned = header.DeepClone();
        unsigned["alg"] = "none";
        string[] forged =
        [
            "", "a.b.c", $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}", $"{parts[0]}.{Encode(claims)}.{parts[2]}", $"{Encode(unsigned)}.{parts[1]}.",
            $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}", bed.SignedBy(bed.Stranger(), good), bed.SignedBy(bed.User("jane", "dev"), good),
            good + new string('A', 20_000), TokenOf(await AskAsync(bed, """{"spec":{"audiences":["somebody-else"]}}""")),
        ];

        Assert.Equal(HttpStatusCode.Created, (await WhoAsync(bed, bed.N1.ApiAddress, good)).Code);
        Assert.Equal(HttpStatusCode.Created, (await WhoAsync(bed, bed.N1.ApiAddress, bed.SignedBy(bed.Node("n7"), good))).Code);
        foreach (string token in forged)
        {
            (HttpStatusCode code, string text) = await WhoAsync(bed, bed.N1.ApiAddress, token);
            Assert.True(code == HttpStatusCode.Unauthorized, $"{token}: {code} {text}");
        }
    }

    /// <summary>Upstream's texts: authentication/validation, and the storage's (token.go).</summary>
    [Theory]
    [InlineData("""{"spec":{"expirationSeconds":599}}""", 422, "may not specify a duration less than 10 minutes")]
    [InlineData("""{"spec":{"expirationSeconds":4294967297}}""", 422, "may not specify a duration larger than 2^32 seconds")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"none"}}}""", 404, "pods \"none\" not found")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"q"}}}""", 400, "cannot bind token for serviceaccount \"robot\" to pod running with different serviceaccount name.")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"ConfigMap","apiVersion":"v1","name":"q"}}}""", 400, "cannot bind token to object of type /v1, Kind=ConfigMap")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p","uid":"x"}}}""", 409, "the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated")]
    public async Task A_request_that_cannot_be_met_is_refused_in_upstreams_words(string request, int code, string text)
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.MakeAsync("ServiceAccount", Account);
        await bed.MakeAsync("Pod", PodOf("robot"));
        await bed.MakeAsync("Pod", PodOf("default").Replace("\"p\"", "\"q\"", StringComparison.Ordinal));

        JsonNode answer = await AskAsync(bed, request);

        Assert.Equal(code, (int?)answer["code"]);
        Assert.Contains(text, (string)answer["message"]!, StringComparison.Ordinal);
    }

    private static string PodOf(string account) => """{"metadata":{"name":"p"},"spec":{"serviceAccountName":"ACCOUNT","containers":[{"name":"c","image":"pause"}]}}""".Replace("ACCOUNT", account, StringComparison.Ordinal);

    private static async Task<JsonNode> AskAsync(FrontBed bed, string request)
    {
        using var body = new StringContent(request, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await bed.ClientOf(bed.User("admin", "system:masters")).PostAsync(new Uri(bed.N2.ApiAddress, "/api/v1/namespaces/default/serviceaccounts/robot/token"), body);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    private static async Task<(HttpStatusCode Code, string Text)> WhoAsync(FrontBed bed, Uri front, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(front, "/apis/authentication.k8s.io/v1/selfsubjectreviews")) { Content = new StringContent("{}", Encoding.UTF8, "application/json"), Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using HttpResponseMessage answer = await bed.ClientOf(null).SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<HttpStatusCode> GetAsync(FrontBed bed, Uri address, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using HttpResponseMessage answer = await bed.ClientOf(null).SendAsync(request);
        return answer.StatusCode;
    }

    private static string TokenOf(JsonNode answer) => (string)answer["status"]!["token"]!;

    private static JsonNode Claims(JsonNode answer) => Part(TokenOf(answer), 1);

    private static JsonNode Part(string token, int index) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[index]))!;

    private static string Encode(JsonNode part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
