namespace ActorNet.Workloads.Shell.Syntax;

/// <content>The compound commands (POSIX XCU 2.9.4).</content>
internal sealed partial class ShellParser
{
    private SubshellCommand ReadSubshell()
    {
        int line = Take().Line;
        CommandList body = ReadList();
        Expect(")");
        return new SubshellCommand(line, body);
    }

    private GroupCommand ReadGroup()
    {
        int line = Take().Line;
        CommandList body = ReadList();
        Expect("}");
        return new GroupCommand(line, body);
    }

    private IfCommand ReadIf()
    {
        int line = Peek().Line;
        var branches = new List<(CommandList, CommandList)>();
        do
        {
            Take();
            CommandList condition = ReadList();
            Expect("then");
            branches.Add((condition, ReadList()));
        }
        while (Peek().Plain == "elif");
        CommandList? otherwise = null;
        if (Peek().Plain == "else")
        {
            Take();
            otherwise = ReadList();
        }

        Expect("fi");
        return new IfCommand(line, branches, otherwise);
    }

    private LoopCommand ReadLoop()
    {
        Token keyword = Take();
        CommandList condition = ReadList();
        return new LoopCommand(keyword.Line, keyword.Plain == "until", condition, ReadBody());
    }

    private ForCommand ReadFor()
    {
        int line = Take().Line;
        Token variable = Take();
        if (variable.Plain is not { } name || !WordReader.IsName(name))
            throw new ShellSyntaxException(variable.Line, "bad for loop variable", variable.Kind == TokenKind.End);
        SkipNewLines();
        List<Word>? words = null;
        if (Peek().Plain == "in")
        {
            Take();
            words = [];
            while (Peek().Kind == TokenKind.Word)
                words.Add(Take().Word!);
            if (!TakeOperator(";") && Peek().Kind != TokenKind.NewLine)
                throw Unexpected(Peek());
        }
        else
        {
            TakeOperator(";");
        }

        SkipNewLines();
        return new ForCommand(line, name, words, ReadBody());
    }

    private CommandList ReadBody()
    {
        Expect("do");
        CommandList body = ReadList();
        Expect("done");
        return body;
    }

    private CaseCommand ReadCase()
    {
        int line = Take().Line;
        if (Peek().Kind != TokenKind.Word)
            throw Unexpected(Peek());
        Word subject = Take().Word!;
        SkipNewLines();
        Expect("in");
        SkipNewLines();
        var items = new List<(IReadOnlyList<Word>, CommandList)>();
        while (Peek().Plain != "esac")
        {
            TakeOperator("(");
            var patterns = new List<Word>();
            do
            {
                if (Peek().Kind != TokenKind.Word)
                    throw Unexpected(Peek(), ")");
                patterns.Add(Take().Word!);
            }
            while (TakeOperator("|"));
            Expect(")");
            items.Add((patterns, ReadList(isOptional: true)));
            if (!TakeOperator(";;"))
                break;
            SkipNewLines();
        }

        Expect("esac");
        return new CaseCommand(line, subject, items);
    }

    // "function NAME" with or without "()", which busybox ash takes and dash does not.
    private FunctionCommand ReadFunctionKeyword()
    {
        int line = Take().Line;
        if (Peek().Kind != TokenKind.Word)
            throw Unexpected(Peek());
        Word name = Take().Word!;
        if (Peek() is { Kind: TokenKind.Operator, Text: "(" })
            return ReadFunction(line, name);
        if (name.Plain is not { } plain)
            throw new ShellSyntaxException(line, "bad function name");
        SkipNewLines();
        return new FunctionCommand(line, plain, Nested(ReadCommand));
    }
}
