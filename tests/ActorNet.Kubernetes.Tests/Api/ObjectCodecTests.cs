using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>What is cut out of stored bytes, judged by a document in which the same was removed.</summary>
public sealed class ObjectCodecTests
{
    private static readonly (string Name, string Json)[] Fields =
    [
        ("name", "\"a\""), ("labels", """{"managedFields":"x"}"""), ("managedFields", """[{"manager":"m","fieldsV1":{"f:data":{"f:a\"}]":{}}}},{}]"""), ("uid", "\"u,}\""),
        ("ownerReferences", """[{"managedFields":[1]}]"""),
    ];

    [Fact]
    public void An_object_without_its_managers_is_else_the_same()
    {
        Gen.Shuffle(Fields, 0, Fields.Length).Sample(metadata =>
        {
            string fields = string.Join(',', metadata.Select(static each => $"\"{each.Name}\":{each.Json}"));
            string stored = $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{{{{fields}}}},"data":{"managedFields":"y"}}""";
            JsonObject expected = JsonNode.Parse(stored)!.AsObject();
            expected["metadata"]!.AsObject().Remove("managedFields");
            var written = new ArrayBufferWriter<byte>();
            ObjectCodec.WriteWithoutManagers(Encoding.UTF8.GetBytes(stored), written);
            Assert.Equal(expected.ToJsonString(), JsonNode.Parse(written.WrittenSpan)!.ToJsonString());
        });
    }
}
