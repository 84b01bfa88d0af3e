using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Tests.Schema;

public sealed class FieldWordsTests
{
    [Fact]
    public void Every_text_is_of_a_field_that_is_there_and_a_sentence()
    {
        foreach (string each in FieldWords.All)
        {
            string[] parts = each.Split(' ');
            TypeSchema type = ApiTypes.Kubernetes[parts[0]];
            string? text = parts[1] == "." ? FieldWords.Of(type) : FieldWords.Of(type, type.Field(parts[1]) ?? throw new Xunit.Sdk.XunitException($"{each} is no field"));
            Assert.EndsWith(".", text, StringComparison.Ordinal);
        }
    }

    /// <summary>What kubectl explain is asked for most.</summary>
    [Theory]
    [InlineData("core/v1.PodSpec")]
    [InlineData("core/v1.Container")]
    [InlineData("core/v1.ServiceSpec")]
    [InlineData("core/v1.ServicePort")]
    [InlineData("apps/v1.DeploymentSpec")]
    [InlineData("apps/v1.DeploymentStatus")]
    [InlineData("apps/v1.StatefulSetSpec")]
    [InlineData("meta/v1.ObjectMeta")]
    public void Every_field_of_these_has_a_text(string type)
    {
        TypeSchema schema = ApiTypes.Kubernetes[type];
        Assert.Empty(schema.Fields.Where(field => FieldWords.Of(schema, field) is null).Select(field => field.Name));
    }

    [Fact]
    public void Every_stored_kind_says_what_it_is() =>
        Assert.Empty(KindCatalog.Default(ServiceRanges.Default).All.Where(kind => kind.IsStored && FieldWords.Of(kind.Type) is null).Select(kind => kind.Kind));
}
