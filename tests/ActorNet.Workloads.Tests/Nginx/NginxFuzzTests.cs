using System.Text;
using ActorNet.Workloads.Nginx;

namespace ActorNet.Workloads.Tests.Nginx;

/// <summary>What a client can write into a request line and a Range header: none of it throws or leads out of what is served.</summary>
public class NginxFuzzTests
{
    private static readonly string[] Pieces = ["/", "..", ".", "%2e", "%2F", "%", "%0", "%00", "a", "index.html", "?", "#", "//", "http://h", "\u0001", "\u007f", " ", "%e2%82", "\\", ":", "*"];
    private static readonly string[] RangePieces = ["bytes=", "-", ",", "0", "9", "99999999999999999999", " ", "x", "5-", "-5", "0-9", "\t"];

    [Fact]
    public void No_target_leads_above_the_root()
    {
        var random = new Random(1);
        for (int i = 0; i < 300_000; i++)
        {
            if (!NginxUri.TryParse(Join(random, Pieces, 12), out NginxUri? uri))
                continue;
            Assert.StartsWith("/", uri.Path, StringComparison.Ordinal);
            Assert.DoesNotContain(uri.Path.Split('/'), static s => s is "." or "..");
            Assert.DoesNotContain("//", uri.Path, StringComparison.Ordinal);
            Assert.DoesNotContain(uri.Arguments ?? "", static c => c < ' ');
        }
    }

    [Fact]
    public void Every_part_of_a_range_lies_in_the_whole_and_all_together_are_not_longer()
    {
        var random = new Random(2);
        for (int i = 0; i < 300_000; i++)
        {
            long length = random.Next(4) == 0 ? 0 : random.NextInt64(1_000_000_000_000_000);
            string header = (random.Next(8) == 0 ? "" : "bytes=") + Join(random, RangePieces, 8);
            RangeVerdict verdict = NginxRanges.Read(header, length, out IReadOnlyList<ByteRange> parts);
            if (verdict != RangeVerdict.Parts)
                continue;
            Assert.NotEmpty(parts);
            Assert.All(parts, p => Assert.True(p.Start >= 0 && p.Start < p.End && p.End <= length, header));
            Assert.True(parts.Sum(static p => p.Length) <= length, header);
        }
    }

    private static string Join(Random random, string[] pieces, int most)
    {
        var text = new StringBuilder();
        for (int i = random.Next(most); i >= 0; i--)
            text.Append(pieces[random.Next(pieces.Length)]);
        return text.ToString();
    }
}
