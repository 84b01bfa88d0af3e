namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>A node of a shell program (POSIX XCU 2.9).</summary>
/// <param name="Line">Line of its first token, from 1.</param>
internal abstract record Command(int Line);

/// <summary>Assignments, words and redirections.</summary>
internal sealed record SimpleCommand(int Line, IReadOnlyList<Assignment> Assignments, IReadOnlyList<Word> Words, IReadOnlyList<Redirection> Redirections) : Command(Line);

/// <summary>A compound command with the redirections behind it.</summary>
internal sealed record RedirectedCommand(int Line, Command Body, IReadOnlyList<Redirection> Redirections) : Command(Line);

/// <summary>{ list; }</summary>
internal sealed record GroupCommand(int Line, CommandList Body) : Command(Line);

/// <summary>( list )</summary>
internal sealed record SubshellCommand(int Line, CommandList Body) : Command(Line);

/// <summary>if, elif, else.</summary>
internal sealed record IfCommand(int Line, IReadOnlyList<(CommandList Condition, CommandList Body)> Branches, CommandList? Else) : Command(Line);

/// <summary>for NAME in WORDS; without "in" the words are the positional parameters.</summary>
internal sealed record ForCommand(int Line, string Variable, IReadOnlyList<Word>? Words, CommandList Body) : Command(Line);

/// <summary>while and until.</summary>
internal sealed record LoopCommand(int Line, bool IsUntil, CommandList Condition, CommandList Body) : Command(Line);

/// <summary>case WORD in ... esac.</summary>
internal sealed record CaseCommand(int Line, Word Subject, IReadOnlyList<(IReadOnlyList<Word> Patterns, CommandList Body)> Items) : Command(Line);

/// <summary>NAME() compound-command.</summary>
internal sealed record FunctionCommand(int Line, string Name, Command Body) : Command(Line);

/// <summary>Commands joined by |, perhaps behind !.</summary>
internal sealed record Pipeline(int Line, bool IsNegated, IReadOnlyList<Command> Commands) : Command(Line);

/// <summary>Pipelines joined by &amp;&amp; and ||.</summary>
/// <param name="Line">Line.</param>
/// <param name="First">The first pipeline.</param>
/// <param name="Rest">The others with what joins each to those before it.</param>
internal sealed record AndOrList(int Line, Pipeline First, IReadOnlyList<(bool IsAnd, Pipeline Pipeline)> Rest) : Command(Line);

/// <summary>and-or lists, each ended by ; or &amp; or a line's end.</summary>
internal sealed record CommandList(IReadOnlyList<(AndOrList Command, bool IsBackground)> Items);

/// <summary>NAME=WORD.</summary>
internal sealed record Assignment(string Name, Word Value);

/// <summary>The redirection operators (POSIX XCU 2.7).</summary>
internal enum RedirectionKind
{
    Input,
    Output,
    Clobber,
    Append,
    ReadWrite,
    DuplicateInput,
    DuplicateOutput,
    HereDocument,
}

/// <summary>One redirection.</summary>
/// <param name="Descriptor">The number before the operator, or its default.</param>
/// <param name="Kind">Operator.</param>
/// <param name="Target">File name, number, "-", or a here-document's text.</param>
internal sealed record Redirection(int Descriptor, RedirectionKind Kind, Word Target)
{
    /// <summary>The target; of a here-document known only at its end.</summary>
    public Word Target { get; set; } = Target;
}
