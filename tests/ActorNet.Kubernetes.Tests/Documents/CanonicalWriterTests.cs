using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Documents;

/// <summary>What is written in one pass is what Go's types would write: <see cref="DocumentReader"/>, whose rules <see cref="DocumentReaderTests"/> have, says what that is.</summary>
public sealed class CanonicalWriterTests
{
    [Fact]
    public void One_pass_writes_what_writing_reading_and_writing_again_does()
    {
        KindCatalog kinds = KindCatalog.Default(ServiceRanges.Default);
        int same = 0;
        Gen.Int.Sample(seed =>
        {
            var chance = new Random(seed);
            KindDescriptor kind = kinds.All[chance.Next(kinds.All.Count)];
            JsonObject document = RandomDocument.Of(chance, kind.Type, 0, wrong: chance.Next(4) == 0);
            (byte[]? expected, string? complaint) = Try(() => ObjectCodec.Encode(kind, DocumentReader.Read(ObjectCodec.Encode(kind, document).Span, kind.Type).Document));
            (byte[]? found, string? said) = Try(() => ObjectCodec.EncodeCanonical(kind, document));
            Assert.Equal(complaint, said);
            Assert.Equal(expected is null ? null : Encoding.UTF8.GetString(expected), found is null ? null : Encoding.UTF8.GetString(found));
            if (found is not null)
                Interlocked.Increment(ref same);
        }, iter: 20_000, threads: 1);
        Assert.InRange(same, 5_000, 20_000);
    }

    private static (byte[]? Bytes, string? Complaint) Try(Func<ReadOnlyMemory<byte>> write)
    {
        try
        {
            return (write().ToArray(), null);
        }
        catch (DocumentException e)
        {
            return (null, e.Message);
        }
    }
}
