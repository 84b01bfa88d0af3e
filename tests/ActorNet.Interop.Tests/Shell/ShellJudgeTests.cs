using System.Text.RegularExpressions;
using ActorNet.Netstack;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Interop.Tests.Shell;

/// <summary>
/// The same script through a real shell and through ours: standard output and exit code must be equal, of busybox ash also the messages.
/// Expected values come from dash and busybox of this machine, never from us.
/// </summary>
/// <param name="tools">The programs that the real shells find.</param>
public sealed partial class ShellJudgeTests(InstalledBusybox tools) : IClassFixture<InstalledBusybox>, IDisposable
{
    private static readonly string[] Arguments = ["sh", "a1", "b 2", "c*"];

    private readonly string _folder = Directory.CreateTempSubdirectory("shell-judge").FullName;

    public static TheoryData<string> Posix => Read("Posix.txt");

    public static TheoryData<string> Ash => Read("Ash.txt");

    public static TheoryData<string> Messages => Read("Messages.txt");

    public static TheoryData<string> Tools => Read("Tools.txt");

    public static TheoryData<string> ToolsOfRoot => Read("ToolsOfRoot.txt");

    public static TheoryData<string> ToolMessages => Read("ToolMessages.txt");

    [Theory]
    [MemberData(nameof(Posix))]
    public async Task A_script_does_what_it_does_in_dash(string script)
    {
        Need.Tool("busybox", "dash");
        Assert.Equal(await JudgeAsync(["dash"], script), await OursAsync(script));
    }

    [Theory]
    [MemberData(nameof(Posix))]
    [MemberData(nameof(Ash))]
    [MemberData(nameof(Tools))]
    public async Task A_script_does_what_it_does_in_busybox(string script)
    {
        Need.Tool("busybox");
        Assert.Equal(await JudgeAsync(["busybox", "sh"], script), await OursAsync(script));
    }

    [Theory]
    [MemberData(nameof(ToolsOfRoot))]
    public async Task A_script_that_shows_its_user_does_what_it_does_in_roots_busybox(string script)
    {
        Need.Tool("busybox");
        Need.Root("a container's processes are root's, and busybox shows who runs it");
        Assert.Equal(await JudgeAsync(["busybox", "sh"], script), await OursAsync(script));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    [MemberData(nameof(ToolMessages))]
    public async Task What_goes_wrong_is_said_in_busyboxs_words(string script)
    {
        Need.Tool("busybox");
        Assert.Equal(await JudgeAsync(["busybox", "sh"], script, messages: true), await OursAsync(script, messages: true));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Snippets are separated by lines of "---".
    private static TheoryData<string> Read(string file) =>
        [.. File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Shell", "Scripts", file)).Split("\n---\n").Select(static s => s.Trim('\n')).Where(static s => s.Length > 0)];

    private async Task<string> JudgeAsync(string[] shell, string script, bool messages = false)
    {
        string bin = await tools.FolderAsync();
        string work = Directory.CreateDirectory(Path.Combine(_folder, "work")).FullName;
        await File.WriteAllTextAsync(Path.Combine(work, "three"), "one 1\ntwo 2\nthree 3\n");
        // A descriptor that whoever runs the tests left open would be the shell's, too.
        string[] alone = ["sh", "-c", "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec \"$@\"", "sh"];
        string[] command = ["env", "-i", "PATH=" + bin, "HOME=/root", Need.Find(shell[0])!, .. shell.Skip(1)];
        CommandResult result = await ProcessRunner.RunAsync([.. alone, "env", "--default-signal=INT", "-C", work, .. command, "-c", script, .. Arguments], TimeSpan.FromSeconds(60), "first line\nsecond line\n");
        return Report(result.ExitCode, result.Output, messages ? result.Error : null);
    }

    private static async Task<string> OursAsync(string script, bool messages = false)
    {
        ProgramTable programs = ProgramTable.CreateDefault();
        FileTree files = ContainerFiles.Create("web-0", null, programs.Names, TimeProvider.System);
        files.AddDirectory("/data");
        files.AddText("/data/three", "one 1\ntwo 2\nthree 3\n");
        var output = new StringWriter();
        var error = new StringWriter();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var context = new ProgramContext
        {
            Stdin = new StringReader("first line\nsecond line\n"),
            Stdout = output,
            Stderr = error,
            Namespace = new NoNamespace(),
            HostName = "web-0",
            Files = files,
            WorkingDirectory = "/data",
            Environment = new Dictionary<string, string> { ["HOME"] = "/root" },
            Cancellation = stop.Token,
        };
        int code = await programs.RunAsync(context, ["sh", "-c", script, .. Arguments]);
        return Report(code, output.ToString(), messages ? error.ToString() : null);
    }

    // Debian's ash says "line 0:" for -c, the busybox image does not; help texts differ with what is built in.
    private static string Report(int code, string output, string? error)
    {
        if (error is not null)
            error = Help().Replace(LineNumber().Replace(error, ""), "");
        return $"exit {code}\n{output}{(error is null ? "" : "\nstderr:\n" + error)}";
    }

    [GeneratedRegex(@"line \d+: ")]
    private static partial Regex LineNumber();

    [GeneratedRegex(@"BusyBox v1[^\0]*")]
    private static partial Regex Help();

    private sealed class NoNamespace : INamespaceExecutor
    {
        public CancellationToken Closed => CancellationToken.None;

        public void Post(Action<SocketLayer> work) => throw new InvalidOperationException("No script here needs a network.");
    }
}
