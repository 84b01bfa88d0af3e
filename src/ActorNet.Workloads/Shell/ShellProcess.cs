using System.Globalization;
using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Shell.Expansion;
using ActorNet.Workloads.Shell.Syntax;
using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Shell;

/// <summary>
/// One shell execution environment (POSIX XCU 2.12): what a subshell gets a copy of. The commands of a pipeline run in such copies at the same
/// time; nothing here is shared between them but the container's files, the open files and the jobs.
/// </summary>
internal sealed partial class ShellProcess : IDisposable
{
    /// <summary>The longest output that a command substitution may have, in bytes.</summary>
    private const int MaxSubstitution = 4 << 20;

    private readonly ProgramTable _programs;
    private readonly Expander _expander;
    private int _substitutionStatus;

    public ShellProcess(ProgramTable programs, ProgramContext context, string name)
    {
        _programs = programs;
        _expander = new Expander(this);
        Context = context;
        Name = name;
        WorkingDirectory = context.WorkingDirectory;
        Descriptors = new Descriptors(context.Input, context.Output, context.Error);
        Variables = new ShellVariables();
        Jobs = new ShellJobs(context.Cancellation);
        Cancellation = context.Cancellation;
        foreach ((string variable, string value) in context.Environment)
            Variables.Set(variable, value, exported: true);
        Variables.Set("IFS", " \t\n");
        Variables.Set("PWD", WorkingDirectory);
        Variables.Set("PS4", "+ ");
        Variables.Set("OPTIND", "1");
        if (Variables.Get("PATH") is null)
            Variables.Set("PATH", ContainerFiles.DefaultPath, exported: true);
        if (Variables.Get("HOME") is null)
            Variables.Set("HOME", "/root", exported: true);
    }

    private ShellProcess(ShellProcess parent)
    {
        _programs = parent._programs;
        _expander = new Expander(this);
        Context = parent.Context;
        Name = parent.Name;
        WorkingDirectory = parent.WorkingDirectory;
        Descriptors = parent.Descriptors.Fork();
        Variables = parent.Variables.Fork();
        Functions = new Dictionary<string, Command>(parent.Functions, StringComparer.Ordinal);
        Positions = [.. parent.Positions];
        Options = parent.Options.Copy();
        Jobs = parent.Jobs;
        Cancellation = parent.Cancellation;
        Status = parent.Status;
        Script = parent.Script;
        _depth = parent._depth;
        _conditions = parent._conditions;
        _functionDepth = parent._functionDepth;
        IsSubshell = true;
    }

    public ProgramContext Context { get; }

    public ProgramTable Programs => _programs;

    /// <summary>$0.</summary>
    public string Name { get; }

    public bool IsSubshell { get; }

    /// <summary>Whether commands come from a file, so that messages name the line.</summary>
    public bool Script { get; init; }

    public ShellVariables Variables { get; }

    public Dictionary<string, Command> Functions { get; } = new(StringComparer.Ordinal);

    public List<string> Positions { get; set; } = [];

    public ShellOptions Options { get; } = new();

    public ShellJobs Jobs { get; }

    public Dictionary<string, string> Traps { get; } = new(StringComparer.Ordinal);

    public Descriptors Descriptors { get; set; }

    public string WorkingDirectory { get; set; }

    public FileTree Files => Context.Files;

    public CancellationToken Cancellation { get; set; }

    /// <summary>$?.</summary>
    public int Status { get; set; }

    /// <summary>The line of the command that runs.</summary>
    public int Line { get; private set; }

    public ShellProcess Fork() => new(this);

    public ShellProcess Fork(CancellationToken cancellation) => new(this) { Cancellation = cancellation };

    public void Dispose() => Descriptors.Dispose();

    public string Resolve(string path) => FileTree.Join(WorkingDirectory, path);

    /// <summary>A parameter's value, null when it is not set.</summary>
    public string? Parameter(string name)
    {
        switch (name)
        {
            case "?":
                return Status.ToString(CultureInfo.InvariantCulture);
            case "#":
                return Positions.Count.ToString(CultureInfo.InvariantCulture);
            case "$":
                return "1";
            case "!":
                return Jobs.Last is { } last ? last.ToString(CultureInfo.InvariantCulture) : null;
            case "-":
                return Options.Letters;
            case "@" or "*":
                return null;
            case "0":
                return Name;
        }

        if (!char.IsAsciiDigit(name[0]))
            return Variables.Get(name);
        int position = int.Parse(name, CultureInfo.InvariantCulture);
        return position >= 1 && position <= Positions.Count ? Positions[position - 1] : null;
    }

    /// <summary>A variable as an arithmetic expression sees it.</summary>
    public string? ReadNumber(string name) =>
        Variables.Get(name) ?? (Options.NoUnset ? throw new ShellFailure($"{name}: parameter not set") : null);

    public void Assign(string name, string value) => Variables.Set(name, value, exported: Options.ExportAll);

    /// <summary>Runs a command substitution and returns what it printed, without the newlines at its end.</summary>
    public async ValueTask<string> SubstituteAsync(CommandList commands)
    {
        var pipe = new BytePipe();
        using ShellProcess child = Fork();
        child.Descriptors.Put(1, new OpenFile(pipe.Writer, true));
        Task<int> running = child.RunSubshellAsync(() => child.RunListAsync(commands));
        var output = new MemoryStream();
        byte[] buffer = new byte[4096];
        int read;
        await using (pipe.Reader.ConfigureAwait(false))
        {
            while ((read = await pipe.Reader.ReadAsync(buffer, Cancellation).ConfigureAwait(false)) > 0 && output.Length <= MaxSubstitution)
                output.Write(buffer, 0, read);
        }

        Status = _substitutionStatus = await running.ConfigureAwait(false);
        if (output.Length > MaxSubstitution)
            throw new ShellFailure($"command substitution: output of more than {MaxSubstitution} bytes");
        return Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length).Replace("\0", "", StringComparison.Ordinal).TrimEnd('\n');
    }

    /// <summary>Writes a message of the shell itself.</summary>
    public async ValueTask ComplainAsync(string message, string? builtin = null)
    {
        string line = Script ? string.Create(CultureInfo.InvariantCulture, $"line {Line}: ") : "";
        string who = builtin is null ? "" : builtin + ": ";
        await WriteAsync(2, $"{Name}: {who}{line}{message}\n").ConfigureAwait(false);
    }

    /// <summary>Writes a text; what standard error does not take is lost, for there is nowhere to say so.</summary>
    public async ValueTask WriteAsync(int descriptor, string text)
    {
        try
        {
            await Descriptors[descriptor].WriteAsync(Encoding.UTF8.GetBytes(text), Cancellation).ConfigureAwait(false);
        }
        catch (IOException) when (descriptor == 2)
        {
        }
    }

    /// <summary>The context of a program that this shell starts.</summary>
    public ProgramContext ContextFor(bool isBuiltin) => Context.ForChild(
        Descriptors[0], Descriptors[1], Descriptors[2], Variables.Environment(), WorkingDirectory, isBuiltin ? Name : null, Cancellation);
}

/// <summary>The options of set and of the command line.</summary>
internal sealed class ShellOptions
{
    private const string All = "aefnuvxC";

    private string _set = "";

    public bool ExportAll => Has('a');

    public bool ExitOnError => Has('e');

    public bool NoGlob => Has('f');

    public bool NoExecution => Has('n');

    public bool NoUnset => Has('u');

    public bool Trace => Has('x');

    public bool NoClobber => Has('C');

    public bool PipeFail { get; set; }

    public string Letters => _set;

    public ShellOptions Copy() => new() { _set = _set, PipeFail = PipeFail };

    public bool TrySet(char option, bool on)
    {
        if (!All.Contains(option, StringComparison.Ordinal))
            return false;
        _set = _set.Replace(option.ToString(), "", StringComparison.Ordinal) + (on ? option : "");
        return true;
    }

    public bool TrySetName(string name, bool on)
    {
        if (name == "pipefail")
        {
            PipeFail = on;
            return true;
        }

        int at = Array.IndexOf(["allexport", "errexit", "noglob", "noexec", "nounset", "verbose", "xtrace", "noclobber"], name);
        return at >= 0 && TrySet(All[at], on);
    }

    private bool Has(char option) => _set.Contains(option, StringComparison.Ordinal);
}
