using System.Buffers;
using System.Text;
using ActorNet.Cluster.Stores;
using ActorNet.Kubernetes.Storage;
using CsCheck;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>The bytes of the log's entries. The golden one is put together by hand from the MessagePack specification.</summary>
public sealed class BatchFormatTests
{
    private static readonly Guid Id = new([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

    private static readonly StoreBatch Sample = new(Id,
    [
        new CommitCommand(new StoreTransaction(
            [new Comparison("a", CompareTarget.CreateRevision, CompareResult.Greater, 7)],
            [new PutOperation("a", Encoding.UTF8.GetBytes("xy")), new DeleteOperation(new KeyRange("b", null))],
            [new RangeOperation(new RangeRequest(new KeyRange("c", "d"), 9, 3))])),
        new CompactCommand(300),
    ]);

    // fixarray 93, positive fixint, bin8 c4 len, fixstr a0+len, nil c0, uint16 cd.
    private const string SampleBytes =
        "93 01 c4 10 0102030405060708090a0b0c0d0e0f10" +
        "92" +
        "94 00" +
        "91 94 a161 01 02 07" +
        "92 93 00 a161 c4027879 93 01 a162 c0" +
        "91 95 02 a163 a164 09 03" +
        "92 01 cd012c";

    [Fact]
    public void An_entry_has_these_bytes()
    {
        Assert.Equal(SampleBytes.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(Bytes(Sample)));
    }

    [Fact]
    public void An_entry_is_read_back()
    {
        StoreBatch read = Read(Convert.FromHexString(SampleBytes.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(Id, read.Id);
        Assert.Equal(Bytes(Sample), Bytes(read));
    }

    [Fact]
    public void Fields_that_a_newer_version_added_are_skipped()
    {
        const string grown = "94 01 c4 10 0102030405060708090a0b0c0d0e0f10" +
            "92 95 00 91 95 a161 01 02 07 c3 92 94 00 a161 c4027879 2a 94 01 a162 c0 2a 91 96 02 a163 a164 09 03 2a c2 93 01 cd012c a17a" +
            "92 01 02";
        Assert.Equal(Bytes(Sample), Bytes(Read(Convert.FromHexString(grown.Replace(" ", "", StringComparison.Ordinal)))));
    }

    [Fact]
    public void An_entry_of_a_newer_format_is_refused_by_its_number()
    {
        var refused = Assert.Throws<StoreDamagedException>(() => Read([0x93, BatchFormat.Version + 1, 0xC0, 0x90]));
        Assert.Contains("format 2, and this version of actornet reads up to 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_bytes_are_taken_for_an_entry_that_are_none()
    {
        Gen.Byte.Array[0, 60].Sample(bytes => IsReadOrDamaged(bytes));
        // Near a right one: one byte changed, or cut.
        byte[] right = Bytes(Sample);
        Gen.Select(Gen.Int[0, right.Length - 1], Gen.Byte, Gen.Int[0, right.Length]).Sample((at, value, length) =>
        {
            byte[] changed = right[..length];
            if (at < length)
                changed[at] = value;
            IsReadOrDamaged(changed);
        });
    }

    private static void IsReadOrDamaged(byte[] bytes)
    {
        try
        {
            Bytes(Read(bytes));
        }
        catch (StoreDamagedException)
        {
        }
    }

    private static byte[] Bytes(StoreBatch batch)
    {
        var output = new ArrayBufferWriter<byte>();
        BatchFormat.Write(output, batch);
        return output.WrittenSpan.ToArray();
    }

    private static StoreBatch Read(byte[] bytes) => BatchFormat.Read(new ReadOnlySequence<byte>(bytes));
}
