using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>Compares what the stack sent with what a script expects.</summary>
/// <param name="variables">What the script's variables hold; unbound ones are bound here.</param>
internal sealed class SegmentComparer(IDictionary<string, long> variables)
{
    /// <summary>What differs, in words; empty when nothing does.</summary>
    /// <param name="expected">The script's segment.</param>
    /// <param name="index">Which of several equal ones it is.</param>
    /// <param name="connection">The expected connection.</param>
    /// <param name="seen">What came.</param>
    /// <param name="seenOn">The connection that it came on; null when the script has none with its ports.</param>
    public IReadOnlyList<string> Differences(SegmentPattern expected, int index, Connection connection, ObservedSegment seen, Connection? seenOn)
    {
        if (seenOn != connection)
            return [$"connection: saw {seenOn?.Name ?? "none of the script's"}, expected {connection.Name}"];
        var found = new List<string>();
        TcpFlags ignored = (expected.Flags & TcpFlags.Psh) != 0 ? TcpFlags.None : TcpFlags.Psh;
        if ((seen.Flags & ~ignored) != expected.Flags)
            found.Add($"flags: saw {seen.Flags}, expected {expected.Flags}");
        Number(found, "seq", (int)(seen.Sequence - connection.StackIsn) - ((long)index * expected.Length), expected.Sequence);
        if (expected.Acknowledgment is not null)
            Number(found, "ack", (int)(seen.Acknowledgment - connection.PeerIsn), expected.Acknowledgment);
        if (expected.Window is not null)
            Number(found, "win", seen.Window, expected.Window);
        if (expected.LengthRange is not null)
            Number(found, "len", seen.Data.Length, expected.LengthRange);
        else if (seen.Data.Length != expected.Length)
            found.Add($"len: saw {seen.Data.Length}, expected {expected.Length}");
        if (seen.UrgentPointer != expected.UrgentPointer)
            found.Add($"urg: saw {seen.UrgentPointer}, expected {expected.UrgentPointer}");
        if (expected.DontFragment is { } df && df != seen.DontFragment)
            found.Add($"df: saw {(seen.DontFragment ? "set" : "clear")}, expected {(df ? "set" : "clear")}");
        Options(found, expected, connection, seen);
        Data(found, connection, seen);
        return found;
    }

    private static void Data(List<string> found, Connection connection, ObservedSegment seen)
    {
        // A SYN takes the number in front of its data.
        uint first = seen.Sequence - connection.StackIsn - ((seen.Flags & TcpFlags.Syn) != 0 ? 0u : 1u);
        int wrong = StreamPattern.FirstDifference((int)first, seen.Data);
        if (wrong >= 0 && connection.HasStackIsn)
            found.Add($"data: byte {wrong} of the segment is not the byte that was written there");
    }

    private void Options(List<string> found, SegmentPattern expected, Connection connection, ObservedSegment seen)
    {
        List<ObservedOption> left = [.. seen.Options];
        foreach (OptionPattern pattern in expected.Options)
        {
            if (pattern.Kind is TcpOptionKind.NoOperation or TcpOptionKind.EndOfList)
                continue;
            ObservedOption? option = left.Find(each => each.Kind == pattern.Kind);
            if (option is null)
            {
                found.Add($"option {pattern.Kind}: is not there");
                continue;
            }

            left.Remove(option);
            if (pattern.First is not null)
                Number(found, $"option {pattern.Kind}", option.First, pattern.First);
            if (pattern.Second is not null)
                Number(found, $"option {pattern.Kind}, echo", option.Second, pattern.Second);
            Blocks(found, pattern, connection, option);
        }

        if (!expected.AnyOptions)
            found.AddRange(left.Select(option => $"option {option.Kind}: is there, not expected"));
    }

    private static void Blocks(List<string> found, OptionPattern pattern, Connection connection, ObservedOption option)
    {
        if (pattern.Blocks is null)
            return;
        string expected = string.Join(',', pattern.Blocks.Select(block => $"{block.Left}-{block.Right}"));
        string seen = string.Join(',', option.Blocks.Select(block => $"{(int)(block.Left - connection.PeerIsn)}-{(int)(block.Right - connection.PeerIsn)}"));
        if (seen != expected)
            found.Add($"option Sack: saw {seen}, expected {expected}");
    }

    private void Number(List<string> found, string what, long seen, NumberPattern expected)
    {
        if (!expected.Matches(seen, variables))
            found.Add($"{what}: saw {seen}, expected {expected}");
    }
}
