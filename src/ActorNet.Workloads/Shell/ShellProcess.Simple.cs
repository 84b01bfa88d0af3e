using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Shell;

/// <content>Simple commands (POSIX XCU 2.9.1): assignments, the search for what the first word names, functions.</content>
internal sealed partial class ShellProcess
{
    private readonly Stack<Dictionary<string, ShellVariables.Variable>> _locals = new();

    private async ValueTask<int> RunSimpleAsync(SimpleCommand command)
    {
        _substitutionStatus = 0;
        List<string> words = await _expander.ExpandFieldsAsync(command.Words).ConfigureAwait(false);
        if (words.Count > 0)
            return await RunWordsAsync(command, words).ConfigureAwait(false);
        int status = 0;
        if (command.Redirections.Count > 0)
        {
            Descriptors saved = Descriptors;
            Descriptors = saved.Fork();
            status = await RedirectAsync(command.Redirections).ConfigureAwait(false) ? 0 : 1;
            Descriptors.Dispose();
            Descriptors = saved;
        }

        List<(string Name, string Value)> assigned = await ExpandAssignmentsAsync(command.Assignments).ConfigureAwait(false);
        await TraceAsync(assigned, []).ConfigureAwait(false);
        return status != 0 ? status : _substitutionStatus;
    }

    private async ValueTask<int> RunWordsAsync(SimpleCommand command, List<string> words)
    {
        string name = words[0];
        bool isSpecial = ShellBuiltins.IsSpecial(name);
        bool keepsDescriptors = name == "exec" && words.Count == 1;
        Descriptors saved = Descriptors;
        if (command.Redirections.Count > 0 && !keepsDescriptors)
            Descriptors = saved.Fork();
        var undo = new List<(string Name, ShellVariables.Variable Old)>();
        try
        {
            if (command.Redirections.Count > 0 && !await RedirectAsync(command.Redirections).ConfigureAwait(false))
            {
                if (isSpecial)
                    Leave(Jump.Exit);
                return isSpecial ? 2 : 1;
            }

            foreach (Assignment assignment in command.Assignments)
                undo.Add((assignment.Name, Variables.Save(assignment.Name)));
            List<(string Name, string Value)> assigned = await ExpandAssignmentsAsync(command.Assignments, isExported: !isSpecial).ConfigureAwait(false);
            await TraceAsync(assigned, words).ConfigureAwait(false);
            return await InvokeAsync(words, useFunctions: true).ConfigureAwait(false);
        }
        finally
        {
            if (!isSpecial)
            {
                for (int i = undo.Count - 1; i >= 0; i--)
                    Variables.Restore(undo[i].Name, undo[i].Old);
            }

            if (Descriptors != saved)
            {
                Descriptors.Dispose();
                Descriptors = saved;
            }
        }
    }

    /// <summary>Runs a command by its expanded words.</summary>
    public async ValueTask<int> InvokeAsync(List<string> words, bool useFunctions)
    {
        string name = words[0];
        if (ShellBuiltins.IsSpecial(name))
            return await ShellBuiltins.RunAsync(this, words).ConfigureAwait(false);
        if (useFunctions && Functions.TryGetValue(name, out Command? function))
            return await CallAsync(function, words).ConfigureAwait(false);
        if (ShellBuiltins.Has(name))
            return await ShellBuiltins.RunAsync(this, words).ConfigureAwait(false);
        if (ShellBuiltins.IsProgram(name) && _programs.Names.Contains(name))
            return await RunProgramAsync(name, words, isBuiltin: true).ConfigureAwait(false);
        return await RunFileAsync(words, null).ConfigureAwait(false);
    }

    /// <summary>Runs a command that is a file: a built-in program's or a script.</summary>
    /// <param name="words">Words.</param>
    /// <param name="builtin">The built-in that asks, for its message, or null.</param>
    public async ValueTask<int> RunFileAsync(List<string> words, string? builtin)
    {
        (string? path, FileStatus status) = Find(words[0]);
        if (path is null)
        {
            await ComplainAsync($"{words[0]}: not found", builtin).ConfigureAwait(false);
            return ProgramTable.NotFoundExitCode;
        }

        if (status.IsDirectory || !status.IsExecutable)
        {
            await ComplainAsync($"{words[0]}: Permission denied", builtin).ConfigureAwait(false);
            return ProgramTable.NotExecutableExitCode;
        }

        if (status.Program is not null)
            return await RunProgramAsync(status.Program, words, isBuiltin: false).ConfigureAwait(false);
        return await RunProgramAsync("sh", ["sh", path, .. words.Skip(1)], isBuiltin: false).ConfigureAwait(false);
    }

    /// <summary>Finds the file of a command, by its path or along PATH.</summary>
    public (string? Path, FileStatus Status) Find(string name) => ProgramSearch.Find(Files, WorkingDirectory, Variables.Get("PATH") ?? "", name);

    private Task<int> RunProgramAsync(string program, List<string> words, bool isBuiltin) =>
        _programs.RunAsync(ContextFor(isBuiltin), [program, .. words.Skip(1)]);

    private async ValueTask<int> CallAsync(Command function, List<string> words)
    {
        List<string> positions = Positions;
        int loops = _loops;
        Positions = words[1..];
        _loops = 0;
        _functionDepth++;
        _locals.Push([]);
        try
        {
            int status = await RunAsync(function).ConfigureAwait(false);
            if (_jump == Jump.Return)
            {
                _jump = Jump.None;
                status = Status;
            }

            return status;
        }
        finally
        {
            foreach ((string name, ShellVariables.Variable old) in _locals.Pop())
                Variables.Restore(name, old);
            _functionDepth--;
            _loops = loops;
            Positions = positions;
        }
    }

    /// <summary>Makes a variable local to the function that runs.</summary>
    public void MakeLocal(string name) => _locals.Peek().TryAdd(name, Variables.Save(name));

    private async ValueTask<List<(string Name, string Value)>> ExpandAssignmentsAsync(IReadOnlyList<Assignment> assignments, bool isExported = false)
    {
        var assigned = new List<(string, string)>(assignments.Count);
        foreach (Assignment assignment in assignments)
        {
            string value = await _expander.ExpandTextAsync(assignment.Value, isAssignment: true).ConfigureAwait(false);
            Variables.Set(assignment.Name, value, exported: isExported || Options.ExportAll);
            assigned.Add((assignment.Name, value));
        }

        return assigned;
    }

    private async ValueTask TraceAsync(List<(string Name, string Value)> assigned, List<string> words)
    {
        if (!Options.Trace)
            return;
        IEnumerable<string> texts = assigned.Select(static a => $"{a.Name}={Quote(a.Value)}").Concat(words.Select(Quote));
        await WriteAsync(2, $"{Variables.Get("PS4")}{string.Join(' ', texts)}\n").ConfigureAwait(false);
    }

    /// <summary>A text as the shell would read it back, quoted only where it must be.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && !ShellBuiltins.IsReserved(text) && text.All(static c => char.IsAsciiLetterOrDigit(c) || "_-./:,+@^]".Contains(c, StringComparison.Ordinal) || c > '\u007F') ? text : QuoteAlways(text);

    /// <summary>A text in single quotes.</summary>
    public static string QuoteAlways(string text) => text.Length == 0 ? "''" : $"'{text.Replace("'", "'\"'\"'", StringComparison.Ordinal)}'";

    private async ValueTask<bool> RedirectAsync(IReadOnlyList<Redirection> redirections)
    {
        foreach (Redirection redirection in redirections)
        {
            string target = await _expander.ExpandTextAsync(redirection.Target).ConfigureAwait(false);
            if (await RedirectOneAsync(redirection, target).ConfigureAwait(false))
                continue;
            return false;
        }

        return true;
    }

    private async ValueTask<bool> RedirectOneAsync(Redirection redirection, string target)
    {
        int number = redirection.Descriptor;
        if (number > Descriptors.Max)
            return await RefuseAsync($"{number}: Bad file descriptor").ConfigureAwait(false);
        switch (redirection.Kind)
        {
            case RedirectionKind.HereDocument:
                Descriptors.Put(number, new OpenFile(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(target), writable: false), true));
                return true;
            case RedirectionKind.DuplicateInput or RedirectionKind.DuplicateOutput when target == "-":
                Descriptors.Close(number);
                return true;
            case RedirectionKind.DuplicateInput or RedirectionKind.DuplicateOutput:
                if (!int.TryParse(target, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int source))
                    throw new ShellFailure("syntax error: bad fd number");
                if (Descriptors.Find(source) is not { } file)
                    return await RefuseAsync($"{source}: Bad file descriptor").ConfigureAwait(false);
                Descriptors.Put(number, file.Share());
                return true;
            default:
                return await OpenAsync(redirection, target).ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> OpenAsync(Redirection redirection, string target)
    {
        bool isInput = redirection.Kind == RedirectionKind.Input;
        try
        {
            if (StandardDescriptor(target) is { } standard && Descriptors.Find(standard) is { } shared)
            {
                Descriptors.Put(redirection.Descriptor, shared.Share());
                return true;
            }

            string path = Resolve(target);
            if (redirection.Kind == RedirectionKind.Output && Options.NoClobber && Files.TryStat(path, out FileStatus there) && there.Kind == FileKind.Regular)
                return await RefuseAsync($"can't create {target}: File exists").ConfigureAwait(false);
            Stream stream = isInput ? Files.OpenRead(path) : Files.OpenWrite(path, redirection.Kind switch
            {
                RedirectionKind.Append => FileWriteMode.Append,
                RedirectionKind.ReadWrite => FileWriteMode.Keep,
                _ => FileWriteMode.Truncate,
            });
            Descriptors.Put(redirection.Descriptor, new OpenFile(stream, true));
            return true;
        }
        catch (FileException e)
        {
            // errmsg() of ash: its own words for a missing file.
            string why = e.Error == FileError.NotFound ? (isInput ? "no such file" : "nonexistent directory") : e.Message;
            return await RefuseAsync($"can't {(isInput ? "open" : "create")} {target}: {why}").ConfigureAwait(false);
        }
    }

    private static int? StandardDescriptor(string path) => path switch
    {
        "/dev/stdin" => 0,
        "/dev/stdout" => 1,
        "/dev/stderr" => 2,
        _ => null,
    };

    private async ValueTask<bool> RefuseAsync(string message)
    {
        await ComplainAsync(message).ConfigureAwait(false);
        return false;
    }
}
