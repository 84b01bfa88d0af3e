using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using CsCheck;

namespace ActorNet.ApiServer.Tests;

public sealed class YamlBodyTests
{
    /// <summary>The values of YAML 1.1 as sigs.k8s.io/yaml reads them.</summary>
    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: '1'", """{"a":"1"}""")]
    [InlineData("a: yes\nb: off\nc: ~\nd: 1.5\ne: 1e3x", """{"a":true,"b":false,"c":null,"d":1.5,"e":"1e3x"}""")]
    [InlineData("a: &x {b: [1, two]}\nc: *x", """{"a":{"b":[1,"two"]},"c":{"b":[1,"two"]}}""")]
    [InlineData("a: |\n  one\n  two\n", """{"a":"one\ntwo\n"}""")]
    [InlineData("{\"a\": [true]}", """{"a":[true]}""")]
    public void Yaml_is_read_as_json(string yaml, string json) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), YamlBody.Read(yaml)), YamlBody.Read(yaml)?.ToJsonString());

    [Theory]
    [InlineData("a: 1\na: 2", "already set in map")]
    [InlineData("a: *nothing", "nothing")]
    [InlineData("a: [1", "yaml:")]
    [InlineData("? [1]\n: 2", "yaml:")]
    public void What_is_no_document_is_refused(string yaml, string why) =>
        Assert.Contains(why, Assert.Throws<DocumentException>(() => YamlBody.Read(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void Aliases_of_aliases_are_bounded()
    {
        string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("more than", Assert.Throws<DocumentException>(() => YamlBody.Read(yaml)).Message, StringComparison.Ordinal);
        Assert.Throws<DocumentException>(() => YamlBody.Read(new string('[', 5000)));
    }

    [Fact]
    public void No_text_does_anything_but_refuse() =>
        Gen.Char["ab:-{}[]&*!|>'\"#%@,? \n\t0~"].Array[0, 40].Sample(text =>
        {
            try
            {
                YamlBody.Read(new string(text));
            }
            catch (DocumentException)
            {
                // The only allowed way to refuse.
            }
        }, iter: 20_000);
}
