using ActorNet.Netstack;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Shell.Syntax;
using CsCheck;

namespace ActorNet.Workloads.Tests.Shell;

/// <summary>What no script may do: throw, take the host's memory or a thread, or go on when it is cancelled.</summary>
public sealed class ShellBoundTests
{
    // Pieces from which scripts are made that come near to being right.
    private static readonly string[] Pieces =
    [
        "if ", "then ", "else ", "fi ", "for x in ", "do ", "done ", "while ", "case x in ", "esac ", "{ ", "}", "(", ")", "$(", "$((", "))", "${", "${x:-", "${#", "`",
        "\"", "'", "\\", "\n", ";", ";;", "&", "&&", "||", "|", "<", ">", ">>", "<<E\n", "E\n", "2>&1", "a", "x=1", "$x", "$@", "*", "[", "]", "! ", "f() ", "#", " ", "\t", "\0", "é", "echo ",
    ];

    [Fact]
    public void The_parser_survives_300_000_scripts_of_random_pieces() =>
        Gen.OneOfConst(Pieces).Array[0, 40].Select(static p => string.Concat(p)).Sample(ParseAll, iter: 300_000);

    [Fact]
    public void The_parser_survives_100_000_random_texts() => Gen.String[0, 200].Sample(ParseAll, iter: 100_000);

    [Theory]
    [InlineData("$(")]
    [InlineData("$((")]
    [InlineData("${x:-")]
    [InlineData("(")]
    [InlineData("{ ")]
    [InlineData("if ")]
    [InlineData("`\\`")]
    [InlineData("\"$(")]
    [InlineData("$(( $((x) ) ")]
    public void Deep_nesting_is_refused_and_not_followed(string opening)
    {
        string text = string.Concat(Enumerable.Repeat(opening, 20_000));
        Assert.NotNull(new ShellParser(text).ReadNext().Error);
    }

    [Fact]
    public async Task A_function_without_end_is_stopped()
    {
        (int code, _, string error) = await RunAsync("f() { f; }; f");
        Assert.Equal(2, code);
        Assert.Contains("nested deeper than", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_variable_that_doubles_without_end_is_stopped()
    {
        (int code, _, string error) = await RunAsync("x=abcdefgh; while :; do x=$x$x; done");
        Assert.Equal((2, "sh: out of memory\n"), (code, error));
    }

    [Fact]
    public async Task A_substitution_without_end_is_stopped()
    {
        (int code, _, string error) = await RunAsync("x=$(yes)");
        Assert.Equal(2, code);
        Assert.Contains("more than 4194304 bytes", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_grows_without_end_fills_its_containers_files_alone()
    {
        (int code, _, string error) = await RunAsync("cat /dev/zero > /tmp/f");
        Assert.Contains("No space left on device", error, StringComparison.Ordinal);
        Assert.NotEqual(0, code);
    }

    [Fact]
    public async Task A_shell_that_reads_its_standard_input_leaves_the_rest_to_its_commands()
    {
        // POSIX XCU sh, STDIN.
        (int code, string output, _) = await RunAsync("printf 'echo in\\nread x\\nsome text\\necho \"<$x>\"\\n' | sh".Replace("$x", "\\044x", StringComparison.Ordinal));
        Assert.Equal((0, "in\n<some text>\n"), (code, output));
    }

    [Fact]
    public async Task A_pipeline_moves_256_MiB_through_pipes_that_hold_64_KiB()
    {
        (int code, string output, _) = await RunAsync("head -c 268435456 /dev/zero | cat | wc -c");
        Assert.Equal((0, "268435456\n"), (code, output));
    }

    [Theory]
    [InlineData("while :; do :; done")]
    [InlineData("yes > /dev/null")]
    [InlineData("sleep infinity")]
    [InlineData("sleep infinity | cat")]
    [InlineData("x=$(sleep infinity)")]
    [InlineData("cat /dev/zero | wc")]
    [InlineData("sleep infinity & wait")]
    [InlineData("for i in 1 2; do sleep infinity; done")]
    public async Task Cancelling_ends_every_script(string script)
    {
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new SignallingWriter(started);
        Task<int> run = Task.Run(() => ProgramTable.CreateDefault().RunAsync(Context(output, TextWriter.Null, stop.Token), ["sh", "-c", "echo started; " + script]));
        await started.Task;
        await stop.CancelAsync();
        Assert.Equal(ProgramTable.TerminatedExitCode, await run.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    private static void ParseAll(string text)
    {
        var parser = new ShellParser(text);
        for (int i = 0; i <= text.Length; i++)
        {
            ParseResult result = parser.ReadNext();
            if (result.IsEnd || result.Error is not null)
                return;
        }

        Assert.Fail($"no end after {text.Length} commands: {text}");
    }

    private static async Task<(int Code, string Out, string Error)> RunAsync(string script)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var output = new StringWriter();
        var error = new StringWriter();
        int code = await ProgramTable.CreateDefault().RunAsync(Context(output, error, bound.Token), ["sh", "-c", script]);
        return (code, output.ToString(), error.ToString());
    }

    private static ProgramContext Context(TextWriter output, TextWriter error, CancellationToken cancellation) => new()
    {
        Stdout = output,
        Stderr = error,
        Namespace = new NoNamespace(),
        HostName = "web-0",
        Files = ContainerFiles.Create("web-0", null, ProgramTable.CreateDefault().Names, TimeProvider.System),
        Cancellation = cancellation,
    };

    private sealed class SignallingWriter(TaskCompletionSource started) : StringWriter
    {
        public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
        {
            started.TrySetResult();
            return Task.CompletedTask;
        }
    }

    private sealed class NoNamespace : INamespaceExecutor
    {
        public CancellationToken Closed => CancellationToken.None;

        public void Post(Action<SocketLayer> work) => throw new InvalidOperationException("No script here needs a network.");
    }
}
