using System.Buffers;
using ActorNet.Cluster.Stores;

namespace ActorNet.Cluster.Tests.Stores;

public sealed class CopyFingerprintsTests
{
    [Fact]
    public void Copies_agree_on_the_same_writes_and_differ_from_the_first_other_one_on()
    {
        CopyFingerprints one = Of("a", "b", "c"), same = Of("a", "b", "c", "d"), other = Of("a", "x", "c");
        Assert.True(same.Agrees(one.Newest!.Value));
        Assert.False(other.Agrees(one.Newest!.Value));
        Assert.True(Of("a").Agrees(Of("a").Newest!.Value));
        // What is not there yet, and what is unknown, says nothing.
        Assert.Null(one.Agrees(same.Newest!.Value));
        Assert.Null(one.Agrees(default));
        Assert.Null(new CopyFingerprints().Newest);
    }

    [Fact]
    public void Where_the_bytes_of_a_write_lie_does_not_matter()
    {
        CopyFingerprints whole = Of("abcdef"), parts = new();
        Segment first = new("ab"), last = first.Then("cde").Then("f");
        parts.Add(1, new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        Assert.Equal(whole.Newest, parts.Newest);
    }

    [Fact]
    public void A_copy_that_began_with_a_snapshot_agrees_and_one_that_does_not_know_its_beginning_is_silent()
    {
        CopyFingerprints long_ = Of("a", "b", "c"), from = new(), unknown = new();
        from.Begin(2, Of("a", "b").Newest!.Value.Hash);
        unknown.Begin(2, null);
        from.Add(3, new ReadOnlySequence<byte>("c"u8.ToArray()));
        unknown.Add(3, new ReadOnlySequence<byte>("c"u8.ToArray()));
        Assert.True(from.Agrees(long_.Newest!.Value));
        Assert.Null(unknown.Newest);
        Assert.Null(unknown.Agrees(long_.Newest!.Value));
    }

    private static CopyFingerprints Of(params string[] writes)
    {
        var copy = new CopyFingerprints();
        for (int i = 0; i < writes.Length; i++)
            copy.Add(i + 1, new ReadOnlySequence<byte>(System.Text.Encoding.UTF8.GetBytes(writes[i])));
        return copy;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(string text) => Memory = System.Text.Encoding.UTF8.GetBytes(text);

        public Segment Then(string text)
        {
            var next = new Segment(text) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
