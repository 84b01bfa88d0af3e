using System.Runtime.CompilerServices;
using ActorNet.Workloads.Shell.Expansion;
using ActorNet.Workloads.Shell.Syntax;
using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Shell;

/// <content>Lists, pipelines and compound commands (POSIX XCU 2.9).</content>
internal sealed partial class ShellProcess
{
    private const int MaxDepth = 1000;

    // Commands between two looks at the clock of others: a loop that never waits must not keep its thread.
    private const int StepsPerTurn = 64;

    private Jump _jump;
    private int _jumpCount;
    private int _depth;
    private int _steps;
    private int _conditions;
    private int _loops;
    private int _functionDepth;

    /// <summary>What leaves the commands around it.</summary>
    internal enum Jump
    {
        None,
        Break,
        Continue,
        Return,
        Exit,
    }

    public int Loops => _loops;

    public bool IsInFunction => _functionDepth > 0;

    /// <summary>Whether exit, or return outside a function, ended the shell.</summary>
    public bool IsLeaving => _jump != Jump.None;

    /// <summary>Leaves loops, a function or the shell.</summary>
    public void Leave(Jump jump, int count = 1)
    {
        _jump = jump;
        _jumpCount = count;
    }

    /// <summary>Runs a whole program text, command by command.</summary>
    public async Task<int> RunTextAsync(string text)
    {
        var parser = new ShellParser(text);
        while (_jump == Jump.None)
        {
            ParseResult next = parser.ReadNext();
            if (next.IsEnd)
                break;
            if (next.Error is not null)
            {
                Line = next.Line;
                throw new ShellFailure("syntax error: " + next.Error);
            }

            Status = await RunListAsync(next.Commands!).ConfigureAwait(false);
        }

        return Status;
    }

    /// <summary>Runs a text read by ".": return ends only it.</summary>
    public async Task<int> RunSourcedAsync(string text)
    {
        int status = await RunTextAsync(text).ConfigureAwait(false);
        if (_jump == Jump.Return)
            _jump = Jump.None;
        return status;
    }

    /// <summary>Runs what is a process of its own: its failures end it alone, and its descriptors are closed at its end.</summary>
    public async Task<int> RunSubshellAsync(Func<ValueTask<int>> run)
    {
        try
        {
            try
            {
                Status = await run().ConfigureAwait(false);
            }
            catch (ShellFailure failure)
            {
                await ComplainAsync(failure.Message, failure.Builtin).ConfigureAwait(false);
                Status = failure.Status;
            }
            catch (IOException failure) when (failure is not BrokenPipeException)
            {
                await ComplainAsync("write error: " + failure.Message).ConfigureAwait(false);
                Status = 1;
            }

            return await RunExitTrapAsync().ConfigureAwait(false);
        }
        catch (BrokenPipeException)
        {
            return BrokenPipeException.ExitCode;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Runs the trap of EXIT, if there is one; it may choose another status with exit.</summary>
    public async Task<int> RunExitTrapAsync()
    {
        if (!Traps.Remove("EXIT", out string? action))
            return Status;
        int status = Status;
        _jump = Jump.None;
        await RunTextAsync(action).ConfigureAwait(false);
        return _jump == Jump.Exit ? Status : status;
    }

    public async ValueTask<int> RunListAsync(CommandList list)
    {
        int status = 0;
        foreach ((AndOrList command, bool isBackground) in list.Items)
        {
            status = isBackground ? StartJob(command) : await RunAndOrAsync(command).ConfigureAwait(false);
            Status = status;
            if (_jump != Jump.None)
                break;
        }

        return status;
    }

    private int StartJob(AndOrList command)
    {
        ShellProcess child = Fork();
        child.Descriptors.Put(0, new OpenFile(new NullDeviceStream(), true));
        Jobs.Start(token =>
        {
            // The child's own token is the job's: kill ends it.
            ShellProcess job = child.Fork(token);
            child.Dispose();
            return job.RunSubshellAsync(() => job.RunAndOrAsync(command));
        });
        return 0;
    }

    private async ValueTask<int> RunAndOrAsync(AndOrList list)
    {
        int last = list.Rest.Count;
        int status = 0;
        for (int i = 0; i <= last; i++)
        {
            if (i > 0 && list.Rest[i - 1].IsAnd != (status == 0))
                continue;
            Pipeline pipeline = i == 0 ? list.First : list.Rest[i - 1].Pipeline;
            bool isTested = i < last || pipeline.IsNegated;
            _conditions += isTested ? 1 : 0;
            try
            {
                status = await RunPipelineAsync(pipeline).ConfigureAwait(false);
            }
            finally
            {
                _conditions -= isTested ? 1 : 0;
            }

            Status = status;
            if (_jump != Jump.None)
                return status;
            bool isChecked = pipeline.Commands.Count > 1 || pipeline.Commands[0] is SimpleCommand or SubshellCommand or RedirectedCommand { Body: SubshellCommand };
            if (status != 0 && !isTested && isChecked && Options.ExitOnError && _conditions == 0)
            {
                Leave(Jump.Exit);
                return status;
            }
        }

        return status;
    }

    private async ValueTask<int> RunPipelineAsync(Pipeline pipeline)
    {
        int status = pipeline.Commands.Count == 1
            ? await RunAsync(pipeline.Commands[0]).ConfigureAwait(false)
            : await RunStagesAsync(pipeline.Commands).ConfigureAwait(false);
        return pipeline.IsNegated && _jump == Jump.None ? (status == 0 ? 1 : 0) : status;
    }

    private async ValueTask<int> RunStagesAsync(IReadOnlyList<Command> commands)
    {
        var stages = new Task<int>[commands.Count];
        OpenFile? input = null;
        for (int i = 0; i < commands.Count; i++)
        {
            ShellProcess stage = Fork();
            if (input is not null)
                stage.Descriptors.Put(0, input);
            if (i < commands.Count - 1)
            {
                var pipe = new BytePipe();
                stage.Descriptors.Put(1, new OpenFile(pipe.Writer, true));
                input = new OpenFile(pipe.Reader, true);
            }

            Command command = commands[i];
            stages[i] = stage.RunSubshellAsync(() => stage.RunAsync(command));
        }

        int[] codes = await Task.WhenAll(stages).ConfigureAwait(false);
        return Options.PipeFail ? codes.LastOrDefault(static c => c != 0) : codes[^1];
    }

    private async ValueTask<int> RunAsync(Command command)
    {
        Cancellation.ThrowIfCancellationRequested();
        if (++_steps % StepsPerTurn == 0 || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            await Task.Yield();
        if (_depth >= MaxDepth)
            throw new ShellFailure($"nested deeper than {MaxDepth} commands");
        Line = command.Line;
        _depth++;
        try
        {
            return command switch
            {
                SimpleCommand simple => await RunSimpleAsync(simple).ConfigureAwait(false),
                RedirectedCommand redirected => await RunRedirectedAsync(redirected).ConfigureAwait(false),
                GroupCommand group => await RunListAsync(group.Body).ConfigureAwait(false),
                SubshellCommand subshell => await RunForkedAsync(subshell).ConfigureAwait(false),
                IfCommand choice => await RunIfAsync(choice).ConfigureAwait(false),
                ForCommand loop => await RunForAsync(loop).ConfigureAwait(false),
                LoopCommand loop => await RunLoopAsync(loop).ConfigureAwait(false),
                CaseCommand choice => await RunCaseAsync(choice).ConfigureAwait(false),
                FunctionCommand function => Define(function),
                _ => 0,
            };
        }
        finally
        {
            _depth--;
        }
    }

    private async ValueTask<int> RunForkedAsync(SubshellCommand subshell)
    {
        ShellProcess child = Fork();
        return await child.RunSubshellAsync(() => child.RunListAsync(subshell.Body)).ConfigureAwait(false);
    }

    private int Define(FunctionCommand function)
    {
        Functions[function.Name] = function.Body;
        return 0;
    }

    private async ValueTask<bool> TestAsync(CommandList condition)
    {
        _conditions++;
        try
        {
            return await RunListAsync(condition).ConfigureAwait(false) == 0;
        }
        finally
        {
            _conditions--;
        }
    }

    private async ValueTask<int> RunIfAsync(IfCommand choice)
    {
        foreach ((CommandList condition, CommandList body) in choice.Branches)
        {
            bool holds = await TestAsync(condition).ConfigureAwait(false);
            if (_jump != Jump.None)
                return Status;
            if (holds)
                return await RunListAsync(body).ConfigureAwait(false);
        }

        return choice.Else is null ? 0 : await RunListAsync(choice.Else).ConfigureAwait(false);
    }

    private async ValueTask<int> RunForAsync(ForCommand loop)
    {
        List<string> values = loop.Words is null ? [.. Positions] : await _expander.ExpandFieldsAsync(loop.Words).ConfigureAwait(false);
        int status = 0;
        _loops++;
        foreach (string value in values)
        {
            Assign(loop.Variable, value);
            status = await RunListAsync(loop.Body).ConfigureAwait(false);
            if (EndsLoop())
                break;
        }

        _loops--;
        return status;
    }

    private async ValueTask<int> RunLoopAsync(LoopCommand loop)
    {
        int status = 0;
        _loops++;
        while (true)
        {
            bool holds = await TestAsync(loop.Condition).ConfigureAwait(false);
            if (_jump != Jump.None)
            {
                if (_jump is Jump.Return or Jump.Exit)
                    status = Status;
                if (EndsLoop())
                    break;
                continue;
            }

            if (holds == loop.IsUntil)
                break;
            status = await RunListAsync(loop.Body).ConfigureAwait(false);
            if (EndsLoop())
                break;
        }

        _loops--;
        return status;
    }

    // Whether the innermost loop is left; a jump that meant only it is over.
    private bool EndsLoop()
    {
        if (_jump is not (Jump.Break or Jump.Continue))
            return _jump != Jump.None;
        bool isOurs = --_jumpCount == 0;
        bool ends = _jump == Jump.Break || !isOurs;
        if (isOurs)
            _jump = Jump.None;
        return ends;
    }

    private async ValueTask<int> RunCaseAsync(CaseCommand choice)
    {
        string subject = await _expander.ExpandTextAsync(choice.Subject).ConfigureAwait(false);
        foreach ((IReadOnlyList<Word> patterns, CommandList body) in choice.Items)
        {
            foreach (Word word in patterns)
            {
                Pattern pattern = await _expander.ExpandPatternAsync(word).ConfigureAwait(false);
                if (pattern.Matches(subject))
                    return await RunListAsync(body).ConfigureAwait(false);
            }
        }

        return 0;
    }

    private async ValueTask<int> RunRedirectedAsync(RedirectedCommand command)
    {
        Descriptors saved = Descriptors;
        Descriptors = saved.Fork();
        try
        {
            if (!await RedirectAsync(command.Redirections).ConfigureAwait(false))
                return 1;
            return await RunAsync(command.Body).ConfigureAwait(false);
        }
        finally
        {
            Descriptors.Dispose();
            Descriptors = saved;
        }
    }
}
