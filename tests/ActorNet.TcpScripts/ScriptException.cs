namespace ActorNet.TcpScripts;

/// <summary>A script that cannot be read, or a stack that did something else than the script says. The message begins with file:line.</summary>
public sealed class ScriptException(string message) : Exception(message);

/// <summary>Where a line stands, for messages.</summary>
/// <param name="File">The script's path below the folder of scripts.</param>
/// <param name="Number">Line number, from 1.</param>
/// <param name="Text">The line without its comment.</param>
public sealed record SourceLine(string File, int Number, string Text)
{
    /// <summary>The exception for a line that cannot be read.</summary>
    public ScriptException Bad(string what) => new($"{File}:{Number}: {what}\n    {Text}");

    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Number}";
}
