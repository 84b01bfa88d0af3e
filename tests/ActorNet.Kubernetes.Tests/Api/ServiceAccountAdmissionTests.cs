using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.ServiceAccounts;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>What admission makes of a pod's service account (kubernetes plugin/pkg/admission/serviceaccount, and the documented volume).</summary>
public sealed class ServiceAccountAdmissionTests
{
    private readonly KubernetesApi _api;

    public ServiceAccountAdmissionTests()
    {
        var kinds = KindCatalog.Default(ServiceRanges.Default);
        var store = new MemoryObjectStore();
        var identities = new SeededIdentities(5);
        _api = new KubernetesApi(store, kinds, TimeProvider.System, identities, new AdmissionChain(new ServiceAccountAdmission(store, kinds.Of("", "ServiceAccount"), identities, TimeProvider.System)));
    }

    /// <summary>The volume in Kubernetes' documentation, "Configure Service Accounts for Pods", ServiceAccount token volume projection.</summary>
    [Fact]
    public async Task A_pod_gets_a_volume_with_token_authority_and_namespace_in_every_container()
    {
        await MakeAsync("Namespace", "", """{"metadata":{"name":"default"}}""");
        await MakeAsync("ServiceAccount", "default", """{"metadata":{"name":"default"},"imagePullSecrets":[{"name":"pull"}]}""");

        JsonObject spec = (await MakeAsync("Pod", "default", """{"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i","image":"a"}],"containers":[{"name":"c","image":"a"},{"name":"own","image":"a","volumeMounts":[{"name":"v","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}],"volumes":[{"name":"v","emptyDir":{}}]}}"""))["spec"]!.AsObject();

        JsonNode volume = spec["volumes"]![1]!;
        string name = (string)volume["name"]!;
        Assert.Matches("^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$", name);
        JsonNode expected = JsonNode.Parse("""{"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"kube-root-ca.crt"}},{"downwardAPI":{"items":[{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"},"path":"namespace"}]}}]}""")!;
        Assert.True(JsonNode.DeepEquals(expected, volume["projected"]), volume.ToJsonString());
        JsonNode mount = JsonNode.Parse($$"""[{"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount","name":"{{name}}","readOnly":true}]""")!;
        Assert.True(JsonNode.DeepEquals(mount, spec["containers"]![0]!["volumeMounts"]));
        Assert.True(JsonNode.DeepEquals(mount, spec["initContainers"]![0]!["volumeMounts"]));
        Assert.Equal("v", (string?)spec["containers"]![1]!["volumeMounts"]![0]!["name"]);
        Assert.Equal("pull", (string?)spec["imagePullSecrets"]![0]!["name"]);
    }

    /// <summary>The pod's word counts before the account's.</summary>
    [Theory]
    [InlineData(null, null, true)]
    [InlineData(false, null, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, false)]
    public async Task The_token_is_left_out_where_pod_or_account_say_so(bool? account, bool? pod, bool mounted)
    {
        await MakeAsync("Namespace", "", """{"metadata":{"name":"default"}}""");
        await MakeAsync("ServiceAccount", "default", "{\"metadata\":{\"name\":\"robot\"}" + Say(account) + "}");

        JsonObject made = await MakeAsync("Pod", "default", "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"robot\",\"containers\":[{\"name\":\"c\",\"image\":\"a\"}]" + Say(pod) + "}}");

        Assert.Equal(mounted, made["spec"]!["volumes"] is not null);

        static string Say(bool? flag) => flag is { } said ? $",\"automountServiceAccountToken\":{(said ? "true" : "false")}" : "";
    }

    [Fact]
    public async Task A_pod_without_an_account_is_forbidden_in_upstreams_words()
    {
        await MakeAsync("Namespace", "", """{"metadata":{"name":"default"}}""");

        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => MakeAsync("Pod", "default", """{"metadata":{"name":"p"},"spec":{"serviceAccountName":"none","containers":[{"name":"c","image":"a"}]}}"""));

        Assert.Equal(403, refused.Code);
        Assert.Equal("pods \"p\" is forbidden: error looking up service account default/none: serviceaccount \"none\" not found", refused.Message);
    }

    private async Task<JsonObject> MakeAsync(string kind, string space, string json) =>
        (await _api.CreateAsync(_api.Kinds.Of("", kind), space, JsonNode.Parse(json)!.AsObject(), WriteOptions.Plain)).Document;
}
