using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Apply;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Tests.Documents;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Apply;

/// <summary>What the writer of a new object manages, against the sets of <see cref="FieldManagement"/>, whose rules <see cref="ApplyModelTests"/> and kubectl's recorded answers have.</summary>
public sealed class NewFieldsTests
{
    [Fact]
    public void The_writer_of_a_new_object_manages_what_a_change_from_nothing_to_it_changes()
    {
        KindCatalog kinds = KindCatalog.Default(ServiceRanges.Default);
        var writer = new Manager("kubectl", false, "v1", "");
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        int managed = 0;
        Gen.Int.Sample(seed =>
        {
            var chance = new Random(seed);
            KindDescriptor kind = kinds.All[chance.Next(kinds.All.Count)];
            JsonObject sent = DocumentReader.Read(System.Text.Encoding.UTF8.GetBytes(RandomDocument.Of(chance, kind.Type, 0, wrong: false).ToJsonString()), kind.Type).Document;
            sent.Ensure("metadata").Remove("managedFields");
            var expected = new JsonObject();
            FieldManagement.Update(kind, null, sent, writer, now).WriteTo(expected);
            JsonObject? found = NewFields.Of(kind, sent);
            Assert.Equal(
                expected.At("metadata.managedFields")?.ToJsonString(),
                found is null ? null : new JsonArray(Managers.Encode(writer, Managers.TimeOf(now), found)).ToJsonString());
            if (found is not null)
                managed++;
        }, iter: 10_000, threads: 1);
        Assert.InRange(managed, 5_000, 10_000);
    }
}
