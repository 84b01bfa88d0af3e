using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Controllers.Workloads;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Schema;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>
/// pod-template-hash as clusters of upstream's gave it: names of ReplicaSets in terminal outputs that people published beside the manifests, which are
/// Kubernetes' own examples. A version has its own hashes, for it has its own fields.
/// </summary>
public sealed class TemplateHashTests
{
    // kubectl create deployment nginx --image=nginx
    private const string Nginx = """{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}""";

    // kubernetes.io/examples/controllers/nginx-deployment.yaml
    private const string NginxDeployment = """{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx:1.14.2","ports":[{"containerPort":80}]}]}}""";

    // kubernetes.io/examples/application/php-apache.yaml
    private const string PhpApache = """{"metadata":{"labels":{"run":"php-apache"}},"spec":{"containers":[{"name":"php-apache","image":"registry.k8s.io/hpa-example","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"500m"},"requests":{"cpu":"200m"}}}]}}""";

    // The fields of a pod template that a minor version added.
    private static readonly (string Type, string Field)[] Of32 = [("core/v1.PodSpec", "resources"), ("core/v1.PodSecurityContext", "seLinuxChangePolicy")];
    private static readonly (string Type, string Field)[] Of31 = [("core/v1.PodSecurityContext", "supplementalGroupsPolicy"), ("core/v1.ResourceClaim", "request")];

    [Theory]
    [InlineData(Nginx, 32, "5869d7778c")]
    [InlineData(NginxDeployment, 32, "647677fc66")]
    [InlineData(Nginx, 31, "676b6c5bbc")]
    [InlineData(NginxDeployment, 31, "d556bf558")]
    [InlineData(Nginx, 30, "bf5d5cf98")]
    [InlineData(PhpApache, 30, "678865dd57")]
    public void A_template_has_the_hash_that_clusters_of_that_version_gave_it(string template, int minor, string hash)
    {
        string print = GoPrint.Of(FieldsOf(minor)["core/v1.PodTemplateSpec"], Defaulted(template));
        Assert.Equal(hash, TemplateHash.Of(print, null));
        if (minor == 32)
            Assert.Equal(hash, TemplateHash.Of(KubernetesJson.Deserialize<V1PodTemplateSpec>(Defaulted(template).ToJsonString()), null));
    }

    /// <summary>ParseQuantity of apimachinery pkg/api/resource/quantity.go.</summary>
    [Theory]
    [InlineData("500m", 500, -3, "DecimalSI")]
    [InlineData("2", 2, 0, "DecimalSI")]
    [InlineData("1k", 1, 3, "DecimalSI")]
    [InlineData("128Mi", 128 * 1024 * 1024, 0, "BinarySI")]
    [InlineData("5e3", 5, 3, "DecimalExponent")]
    public void A_quantity_is_a_number_and_its_power_of_ten(string quantity, long value, int scale, string format) =>
        Assert.Equal((value, scale, format), GoQuantity.Parse(quantity));

    private static JsonObject Defaulted(string template)
    {
        KindDescriptor kind = KindCatalog.Default(ServiceRanges.Default).Of("apps", "Deployment");
        JsonObject document = DocumentReader.Read(System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["spec"] = new JsonObject { ["template"] = JsonNode.Parse(template) } }.ToJsonString()), kind.Type).Document;
        kind.Default(document);
        return document.Object("spec.template")!;
    }

    private static ApiTypes FieldsOf(int minor)
    {
        (string Type, string Field)[] later = [.. minor < 32 ? Of32 : [], .. minor < 31 ? Of31 : []];
        using var reader = new StreamReader(typeof(ApiTypes).Assembly.GetManifestResourceStream("types.schema")!);
        var lines = new List<string>();
        string type = "";
        foreach (string line in reader.ReadToEnd().Split('\n'))
        {
            if (line.StartsWith("type ", StringComparison.Ordinal))
                type = line[5..].Trim();
            if (!later.Any(each => each.Type == type && line.StartsWith($"  {each.Field} ", StringComparison.Ordinal)))
                lines.Add(line);
        }

        return ApiTypes.Read(string.Join('\n', lines));
    }
}
