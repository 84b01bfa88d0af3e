using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>
/// Walks the words of a command line in iproute2's grammar: keywords may be cut short, as `addr` for `address`, and what goes wrong is said in
/// the tool's own words (iproute2 lib/utils.c).
/// </summary>
internal sealed class ArgumentReader
{
    private const int UsageError = 255;
    private readonly IReadOnlyList<string> _words;
    private int _next;

    public ArgumentReader(IReadOnlyList<string> words, int start = 0)
    {
        _words = words;
        _next = start;
    }

    /// <summary>Whether words are left.</summary>
    public bool HasNext => _next < _words.Count;

    /// <summary>Takes the next word if there is one.</summary>
    public bool TryNext(out string word)
    {
        word = HasNext ? _words[_next++] : "";
        return word.Length > 0 || _next < _words.Count;
    }

    /// <summary>Takes the argument of a keyword.</summary>
    public string Value() => HasNext
        ? _words[_next++]
        : throw new ToolFailure(UsageError, "Command line is not complete. Try option \"help\"");

    /// <summary>Looks at the next word, or null.</summary>
    public string? Peek() => HasNext ? _words[_next] : null;

    /// <summary>Whether a word is a keyword or the beginning of it.</summary>
    public static bool Matches(string word, string keyword) =>
        word.Length > 0 && keyword.StartsWith(word, StringComparison.Ordinal);

    /// <summary>Whether a word matches one of several keywords.</summary>
    public static bool MatchesAny(string word, params ReadOnlySpan<string> keywords)
    {
        foreach (string keyword in keywords)
        {
            if (Matches(word, keyword))
                return true;
        }

        return false;
    }

    /// <summary>The failure for a word that no keyword explains after its place was taken.</summary>
    public static ToolFailure Duplicate(string keyword, string word) =>
        new(UsageError, $"Error: either \"{keyword}\" is duplicate, or \"{word}\" is a garbage.");

    /// <summary>The failure for a keyword's bad argument.</summary>
    public static ToolFailure Wrong(string word, string why) => new(UsageError, $"Error: argument \"{word}\" is wrong: {why}");

    /// <summary>The failure for an unknown command of an object.</summary>
    public static ToolFailure UnknownCommand(string word, string help) =>
        new(UsageError, $"Command \"{word}\" is unknown, try \"{help}\".");

    /// <summary>The failure for what the real tool knows and the emulator has not.</summary>
    public static ToolFailure NotEmulated(string what) => new(UsageError, $"\"{what}\" is not emulated.");

    /// <summary>Takes a number.</summary>
    public int Number(string why)
    {
        string word = Value();
        return TryNumber(word, out int number) ? number : throw Wrong(word, why);
    }

    /// <summary>Reads a number as C's strtoul of base 0 does: decimal or 0x.</summary>
    public static bool TryNumber(string word, out int number) =>
        word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? int.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && number >= 0
            : int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>Reads an address, or fails as get_addr does.</summary>
    public static Ipv4Address Address(string word) =>
        TryAddress(word, out Ipv4Address address) ? address : throw new ToolFailure(1, $"Error: inet address is expected rather than \"{word}\".");

    /// <summary>Reads a prefix, or fails as get_prefix does; also says the address as written and whether a length was.</summary>
    public static (Ipv4Address Address, int Length, bool LengthGiven) Prefix(string word)
    {
        if (word is "default" or "any" or "all")
            return (Ipv4Address.Any, 0, true);
        int slash = word.IndexOf('/', StringComparison.Ordinal);
        int length = 32;
        bool good = TryAddress(slash < 0 ? word : word[..slash], out Ipv4Address address)
            && (slash < 0 || (TryNumber(word[(slash + 1)..], out length) && length <= 32));
        return good
            ? (address, length, slash >= 0)
            : throw new ToolFailure(1, $"Error: any valid prefix is expected rather than \"{word}\".");
    }

    /// <summary>Reads an address of one to four octets; what is missing is zero, as iproute2's get_addr_ipv4 has it.</summary>
    private static bool TryAddress(string word, out Ipv4Address address)
    {
        address = default;
        string[] parts = word.Split('.');
        if (parts.Length > 4)
            return false;
        uint value = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            if (!byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out byte octet))
                return false;
            value |= (uint)octet << (24 - (8 * i));
        }

        address = new Ipv4Address(value);
        return true;
    }
}
