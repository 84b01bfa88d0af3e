namespace ActorNet.TcpScripts;

/// <summary>Which stacks a script says something about.</summary>
public enum ScriptAudience
{
    /// <summary>Ours and the kernel's.</summary>
    Both,

    /// <summary>Ours: the kernel leaves the RFC here, for the reason that the script gives.</summary>
    OursOnly,

    /// <summary>The kernel's: ours leaves the RFC here, or lacks the thing by design, for the reason that the script gives.</summary>
    KernelOnly,
}

/// <summary>A script that has been read.</summary>
public sealed record TcpScript
{
    /// <summary>Path below the folder of scripts, with forward slashes and without the ending.</summary>
    public required string Name { get; init; }

    /// <summary>What the script shows, in one sentence.</summary>
    public required string Title { get; init; }

    /// <summary>The clauses that it takes its expectations from, such as <c>RFC 9293 3.5</c>.</summary>
    public required string Clause { get; init; }

    /// <summary>Whom it speaks about.</summary>
    public required ScriptAudience Audience { get; init; }

    /// <summary>Why one stack is left out; empty for <see cref="ScriptAudience.Both"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>Kernel settings below net.ipv4, such as <c>tcp_timestamps</c>, with their values.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Sysctls { get; init; }

    /// <summary>MTU of the device, in bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>The sequence number of the script's own SYNs.</summary>
    public required uint PeerIsn { get; init; }

    /// <summary>The lines in their order.</summary>
    public required IReadOnlyList<ScriptStep> Steps { get; init; }

    /// <summary>Names of all scripts below a folder, in order.</summary>
    public static IReadOnlyList<string> Names(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.tcp", SearchOption.AllDirectories)
            .Select(path => Path.ChangeExtension(Path.GetRelativePath(folder, path), null).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    /// <summary>The folder of scripts beside the running tests.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Scripts");

    /// <summary>Reads a script.</summary>
    /// <param name="folder">The folder of scripts.</param>
    /// <param name="name">The script's <see cref="Name"/>.</param>
    /// <exception cref="ScriptException">A line cannot be read.</exception>
    public static TcpScript Load(string folder, string name) =>
        new ScriptParser(path => File.ReadAllLines(Path.Combine(folder, path))).Parse(name);

    /// <summary>Whether a stack is among those that the script speaks about.</summary>
    /// <param name="kernel">True for the kernel's, false for ours.</param>
    public bool AppliesTo(bool kernel) =>
        Audience == ScriptAudience.Both || (Audience == ScriptAudience.KernelOnly) == kernel;
}

/// <summary>One line of a script.</summary>
/// <param name="Source">Where it stands.</param>
/// <param name="Time">When it happens.</param>
public abstract record ScriptStep(SourceLine Source, StepTime Time);

/// <summary><c>&lt;</c>: the script sends a segment.</summary>
public sealed record InjectSegment(SourceLine Source, StepTime Time, SegmentPattern Segment) : ScriptStep(Source, Time);

/// <summary><c>&lt; icmp</c>: the script sends an ICMP error about a segment of the stack.</summary>
public sealed record InjectIcmp(SourceLine Source, StepTime Time, IcmpPattern Message) : ScriptStep(Source, Time);

/// <summary><c>&gt;</c>: the stack sends a segment; <c>&gt;?</c>: it may.</summary>
public sealed record ExpectSegment(SourceLine Source, StepTime Time, SegmentPattern Segment, bool IsOptional) : ScriptStep(Source, Time);

/// <summary>A socket call.</summary>
public sealed record SocketCall(SourceLine Source, StepTime Time, CallPattern Call) : ScriptStep(Source, Time);

/// <summary><c>quiet</c>: up to here the stack sends nothing.</summary>
public sealed record Quiet(SourceLine Source, StepTime Time) : ScriptStep(Source, Time);
