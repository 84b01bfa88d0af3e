using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;

namespace ActorNet.Kubernetes.Tests.Selectors;

/// <summary>The cases of apimachinery pkg/labels/selector_test.go and pkg/fields/selector_test.go, in short.</summary>
public sealed class SelectorTests
{
    [Theory]
    [InlineData("", """{"x":"y"}""", true)]
    [InlineData("x=y", """{"x":"y"}""", true)]
    [InlineData("x==y,z=w", """{"x":"y","z":"w"}""", true)]
    [InlineData("x!=y,z!=w", """{"x":"z","z":"a"}""", true)]
    [InlineData("notin=in", """{"notin":"in"}""", true)]
    [InlineData("x", """{"x":"z"}""", true)]
    [InlineData("!x", """{"y":"z"}""", true)]
    [InlineData("x=z", """{}""", false)]
    [InlineData("x=y", """{"x":"z"}""", false)]
    [InlineData("x!=y,z!=w", """{"x":"z","z":"w"}""", false)]
    [InlineData("x", """{"y":"z"}""", false)]
    [InlineData("!x", """{"x":"z"}""", false)]
    [InlineData("x in (a, b)", """{"x":"b"}""", true)]
    [InlineData("x in (a,b)", """{"x":"c"}""", false)]
    [InlineData("x notin (a,b)", """{"x":"c"}""", true)]
    [InlineData("x notin (a,b)", """{}""", true)]
    [InlineData("x notin (a,b),y", """{"x":"c"}""", false)]
    [InlineData("foo=", """{"foo":""}""", true)]
    [InlineData("example.com/a = b", """{"example.com/a":"b"}""", true)]
    public void Label_selectors_match(string selector, string labels, bool expected) =>
        Assert.Equal(expected, LabelSelector.Parse(selector).Matches(JsonNode.Parse(labels)!.AsObject()));

    [Theory]
    [InlineData("x=a||y=b")]
    [InlineData("x==a==b")]
    [InlineData("!x=a")]
    [InlineData("x in a")]
    [InlineData("x in (a")]
    [InlineData("x=y,")]
    [InlineData(",x")]
    [InlineData("x frobs (a)")]
    [InlineData("-x=y")]
    public void Bad_label_selectors_are_refused(string selector) =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => LabelSelector.Parse(selector)).Code);

    [Theory]
    [InlineData("a=b,c=d", "a", "b", "c", "d", true)]
    [InlineData("a=b,c!=d", "a", "b", "c", "e", true)]
    [InlineData("a=b,c==d", "a", "b", "c", "e", false)]
    [InlineData("a=", "a", "", "c", "", true)]
    [InlineData("a=x\\,y", "a", "x,y", "c", "", true)]
    [InlineData("a=x\\=y\\\\", "a", "x=y\\", "c", "", true)]
    public void Field_selectors_match(string selector, string one, string oneValue, string two, string twoValue, bool expected) =>
        Assert.Equal(expected, FieldSelector.Parse(selector).Matches(field => field == one ? oneValue : field == two ? twoValue : ""));

    [Fact]
    public void A_field_selector_without_an_operator_is_refused() =>
        Assert.Equal("invalid selector: 'foo'; can't understand 'foo'", Assert.Throws<ApiException>(() => FieldSelector.Parse("foo")).Message);
}
