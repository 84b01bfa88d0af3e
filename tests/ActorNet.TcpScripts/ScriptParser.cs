using System.Globalization;

namespace ActorNet.TcpScripts;

/// <summary>Reads scripts: a header of <c>name: value</c> lines, then one event on each line. README.md beside this file has the language.</summary>
/// <param name="read">Gives the lines of a file below the folder of scripts.</param>
public sealed class ScriptParser(Func<string, IReadOnlyList<string>> read)
{
    private const int MaxIncludes = 8;
    private static readonly TimeSpan DefaultTolerance = TimeSpan.FromMilliseconds(40);
    private static readonly string[] HeaderNames = ["title", "clause", "stacks", "sysctl", "mtu", "peer-isn", "tolerance"];

    private readonly Dictionary<string, string> _header = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, string>> _sysctls = [];
    private readonly List<ScriptStep> _steps = [];
    private TimeSpan _tolerance = DefaultTolerance;

    /// <summary>Reads one script.</summary>
    /// <param name="name">Its path without the ending <c>.tcp</c>.</param>
    /// <exception cref="ScriptException">A line cannot be read.</exception>
    public TcpScript Parse(string name)
    {
        string file = name + ".tcp";
        ReadFile(file, depth: 0);
        var top = new SourceLine(file, 1, "");
        if (_steps.Count == 0)
            throw top.Bad("the script has no event");
        (ScriptAudience audience, string reason) = Audience(Header(top, "stacks"), top);
        return new TcpScript
        {
            Name = name,
            Title = Header(top, "title"),
            Clause = Header(top, "clause"),
            Audience = audience,
            Reason = reason,
            Sysctls = _sysctls,
            Mtu = (int)HeaderNumber(top, "mtu", 1500, 68, 65535),
            PeerIsn = (uint)HeaderNumber(top, "peer-isn", 268_435_456, 0, uint.MaxValue),
            Steps = _steps,
        };
    }

    private void ReadFile(string file, int depth)
    {
        IReadOnlyList<string> lines = read(file);
        for (int i = 0; i < lines.Count; i++)
        {
            int comment = lines[i].IndexOf('#', StringComparison.Ordinal);
            string text = (comment < 0 ? lines[i] : lines[i][..comment]).Trim();
            if (text.Length == 0)
                continue;
            var source = new SourceLine(file, i + 1, text);
            if (text.StartsWith("include ", StringComparison.Ordinal))
                Include(source, depth);
            else if (char.IsAsciiLetter(text[0]))
                ReadHeader(source);
            else
                _steps.Add(ReadEvent(source));
        }
    }

    private void Include(SourceLine source, int depth)
    {
        if (depth == MaxIncludes)
            throw source.Bad($"more than {MaxIncludes} files include each other");
        ReadFile(source.Text["include ".Length..].Trim(), depth + 1);
    }

    private void ReadHeader(SourceLine source)
    {
        int colon = source.Text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? source.Text : source.Text[..colon];
        if (colon < 0 || !HeaderNames.Contains(name))
            throw source.Bad($"a line begins with a time, 'include FILE', or one of {string.Join(", ", HeaderNames)} and a colon");
        string value = source.Text[(colon + 1)..].Trim();
        if (name == "sysctl")
            ReadSysctl(source, value);
        else if (!_header.TryAdd(name, value))
            throw source.Bad($"'{name}' stands here a second time");
        if (name == "tolerance" && !StepTime.TrySeconds(value, out _tolerance))
            throw source.Bad("a tolerance is seconds, such as 0.04");
    }

    private void ReadSysctl(SourceLine source, string value)
    {
        int equals = value.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !value.StartsWith("tcp_", StringComparison.Ordinal))
            throw source.Bad("a sysctl is a name below net.ipv4 and its value, such as tcp_timestamps=0");
        _sysctls.Add(new(value[..equals].Trim(), value[(equals + 1)..].Trim()));
    }

    private ScriptStep ReadEvent(SourceLine source)
    {
        string[] words = source.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        StepTime time = StepTime.Parse(words[0], _tolerance)
            ?? throw source.Bad($"'{words[0]}' is no time: 0.5, +0.5, +0.5~0.1 or +0.2..0.4 in seconds");
        string[] rest = words[1..];
        return rest switch
        {
            [] => throw source.Bad("nothing stands behind the time"),
            ["quiet"] => new Quiet(source, time),
            ["<", "icmp", .. string[] icmp] => new InjectIcmp(source, time, SegmentParser.ParseIcmp(source, icmp)),
            ["<", .. string[] segment] => new InjectSegment(source, time, SegmentParser.Parse(source, segment, injected: true)),
            [">", .. string[] segment] => new ExpectSegment(source, time, SegmentParser.Parse(source, segment, injected: false), false),
            [">?", .. string[] segment] => new ExpectSegment(source, time, SegmentParser.Parse(source, segment, injected: false), true),
            _ => new SocketCall(source, time, CallParser.Parse(source, rest)),
        };
    }

    private string Header(SourceLine top, string name) =>
        _header.TryGetValue(name, out string? value) && value.Length > 0 ? value : throw top.Bad($"the header lacks '{name}:'");

    private long HeaderNumber(SourceLine top, string name, long absent, long least, long most)
    {
        if (!_header.TryGetValue(name, out string? text))
            return absent;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most
            ? value
            : throw top.Bad($"'{name}: {text}' is no number from {least} to {most}");
    }

    private static (ScriptAudience Audience, string Reason) Audience(string text, SourceLine top)
    {
        const string Kernel = "kernel differs because ";
        const string Ours = "actornet differs because ";
        if (text == "both")
            return (ScriptAudience.Both, "");
        if (text.StartsWith(Kernel, StringComparison.Ordinal))
            return (ScriptAudience.OursOnly, text[Kernel.Length..]);
        if (text.StartsWith(Ours, StringComparison.Ordinal))
            return (ScriptAudience.KernelOnly, text[Ours.Length..]);
        throw top.Bad($"'stacks: {text}' is none of 'both', '{Kernel}...', '{Ours}...'");
    }
}
