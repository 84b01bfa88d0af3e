namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>A text that is no shell program. It never leaves this folder's parser except as <see cref="ParseResult"/>.</summary>
internal sealed class ShellSyntaxException(int line, string message, bool isIncomplete = false) : Exception(message)
{
    /// <summary>Line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Whether more text could make it right.</summary>
    public bool IsIncomplete { get; } = isIncomplete;
}
