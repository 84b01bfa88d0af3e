using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Schema;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Documents;

/// <summary>Bodies as Go's types would read and write them; expectations by sigs.k8s.io/json and encoding/json.</summary>
public sealed class DocumentReaderTests
{
    private static readonly TypeSchema Deployment = ApiTypes.Kubernetes["apps/v1.Deployment"];
    private static readonly TypeSchema Pod = ApiTypes.Kubernetes["core/v1.Pod"];
    private static readonly TypeSchema Service = ApiTypes.Kubernetes["core/v1.Service"];

    [Theory]
    [InlineData("""{"spec":{"replicas":0}}""", "spec.replicas", "0")]
    [InlineData("""{"spec":{"paused":false}}""", "spec.paused", null)]
    [InlineData("""{"spec":{"paused":true}}""", "spec.paused", "true")]
    [InlineData("""{"metadata":{"labels":{}}}""", "metadata.labels", null)]
    [InlineData("""{"metadata":{"labels":{"a":""}}}""", "metadata.labels", """{"a":""}""")]
    [InlineData("""{"metadata":{"creationTimestamp":null}}""", "metadata.creationTimestamp", null)]
    [InlineData("""{"spec":{"strategy":null}}""", "spec.strategy", "{}")]
    [InlineData("""{"spec":{"selector":null}}""", "spec.selector", null)]
    [InlineData("""{}""", "status", "{}")]
    public void Empty_values_are_kept_where_Go_keeps_them(string json, string path, string? expected) =>
        Assert.Equal(expected, Read(json, Deployment).Document.At(path)?.ToJsonString());

    [Fact]
    public void Embedded_structs_lie_flat()
    {
        JsonObject pod = Read("""{"spec":{"volumes":[{"name":"a","configMap":{"name":"c"}}],"containers":[{"name":"w","livenessProbe":{"httpGet":{"port":"http"}}}]}}""", Pod).Document;
        Assert.Equal("c", pod.Objects("spec.volumes").Single().Text("configMap.name"));
        Assert.Equal("http", pod.Objects("spec.containers").Single().Text("livenessProbe.httpGet.port"));
    }

    [Fact]
    public void What_is_read_again_stays_the_same()
    {
        JsonObject once = Read("""{"metadata":{"name":"a"},"spec":{"ports":[{"port":80,"targetPort":"x"}],"selector":{"b":"c"}}}""", Service).Document;
        Assert.Equal(once.ToJsonString(), Read(once.ToJsonString(), Service).Document.ToJsonString());
    }

    [Theory]
    [InlineData("""{"spec":{"foo":1}}""", "unknown field \"spec.foo\"")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"b","imag":"x"}]}}}}""", "unknown field \"spec.template.spec.containers[1].imag\"")]
    [InlineData("""{"spec":{"replicas":1,"replicas":2}}""", "duplicate field \"spec.replicas\"")]
    [InlineData("""{"metadata":{"labels":{"a":"1","a":"2"}}}""", "duplicate field \"metadata.labels.a\"")]
    [InlineData("""{"spec":{"Replicas":1}}""", "unknown field \"spec.Replicas\"")]
    public void Unknown_and_duplicate_fields_are_told(string json, string expected) => Assert.Equal([expected], Read(json, Deployment).Strict);

    [Fact]
    public void The_last_of_two_fields_stays() =>
        Assert.Equal(2, Read("""{"spec":{"replicas":1,"replicas":2}}""", Deployment).Document.Number("spec.replicas"));

    [Theory]
    [InlineData("""{"spec":{"replicas":"3"}}""", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("""{"spec":{"replicas":3.5}}""", "json: cannot unmarshal number 3.5 into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("""{"spec":{"paused":1}}""", "json: cannot unmarshal number into Go struct field DeploymentSpec.spec.paused of type bool")]
    [InlineData("""{"metadata":{"labels":{"a":1}}}""", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels.a of type string")]
    [InlineData("""{"spec":[]}""", "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":{}}}}}""", "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container")]
    public void A_value_of_the_wrong_type_is_named_as_Go_names_it(string json, string expected) =>
        Assert.Equal(expected, Assert.Throws<DocumentException>(() => Read(json, Deployment)).Message);

    [Theory]
    [InlineData("0.5", "500m")]
    [InlineData("\"1000m\"", "1")]
    [InlineData("\"1024Mi\"", "1Gi")]
    [InlineData("2", "2")]
    public void Quantities_are_kept_in_canonical_form(string json, string expected)
    {
        JsonObject pod = Read("""{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":""" + json + "}}}]}}", Pod).Document;
        Assert.Equal(expected, pod.Objects("spec.containers").Single().Text("resources.limits.cpu"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"a\"")]
    [InlineData("{} {}")]
    [InlineData("{\"metadata\":{\"creationTimestamp\":\"yesterday\"}}")]
    [InlineData("{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"1x1\"}}}]}}}}")]
    public void What_is_no_object_is_refused(string json) => Assert.Throws<DocumentException>(() => Read(json, Deployment));

    [Fact]
    public void Deep_nesting_is_refused_where_it_lies()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000);
        Assert.Throws<DocumentException>(() => Read(deep, Pod));
        Assert.Throws<DocumentException>(() => Read($"{{\"unknown\":{deep}}}", Pod));
        Assert.Throws<DocumentException>(() => Read($"{{\"metadata\":{{\"managedFields\":[{{\"fieldsV1\":{deep}}}]}}}}", Pod));
    }

    [Fact]
    public void No_bytes_make_the_readers_throw_anything_else()
    {
        Gen<byte[]> text = Gen.OneOfConst("{", "}", "[", "]", ":", ",", "\"spec\"", "\"metadata\"", "\"containers\"", "\"name\"", "null", "1", "-3.5e9", "\"x\"", "true", "\"\\ud800\"", "\u00ff")
            .Array[0, 30].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts)));
        Gen<byte[]> message = Gen.OneOf(Gen.Byte.Array[0, 60], Gen.OneOfConst<byte>(0x0a, 0x12, 0x1a, 0x08, 0x02, 0x04, 0x00, 0x61).Array[0, 60])
            .Select(bytes => (byte[])[.. ProtobufReader.Magic, 0x12, (byte)bytes.Length, .. bytes]);
        Gen.Frequency((2, text), (1, Gen.Byte.Array[0, 40])).Sample(bytes => Quiet(() => DocumentReader.Read(bytes, Pod)), iter: 100_000);
        Gen.Frequency((3, message), (1, Gen.Byte.Array[0, 40])).Sample(bytes => Quiet(() => ProtobufReader.Read(bytes, Pod)), iter: 200_000);
    }

    private static void Quiet(Action read)
    {
        try
        {
            read();
        }
        catch (DocumentException)
        {
        }
    }

    private static ReadDocument Read(string json, TypeSchema type) => DocumentReader.Read(Encoding.UTF8.GetBytes(json), type);
}
