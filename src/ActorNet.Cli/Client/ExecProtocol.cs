using System.Text.Json.Serialization;

namespace ActorNet.Cli.Client;

/// <summary>Asks a host to run a command in a namespace; the answer is a stream of <see cref="ExecEvent"/> lines (NDJSON).</summary>
/// <param name="Target">node/NAME or pod/NAME.</param>
/// <param name="Command">The command and its arguments.</param>
/// <param name="Stdin">What the command reads, or null for nothing.</param>
/// <param name="Container">A container of the pod, whose files and environment the command has, or null for the first.</param>
public sealed record ExecRequest(string Target, IReadOnlyList<string> Command, string? Stdin, string? Container = null);

/// <summary>One line of an exec stream; exactly one member is set.</summary>
public sealed record ExecEvent
{
    /// <summary>The session's number, sent first: an interrupt names it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Session { get; init; }

    /// <summary>Text for standard output.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Stdout { get; init; }

    /// <summary>Text for standard error.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Stderr { get; init; }

    /// <summary>The exit code, sent last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Exit { get; init; }
}
