using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Tools;

/// <summary>
/// ss and netstat twice on the same sockets: ours in the namespace that has them, the real ones on the files that a kernel with such sockets
/// would show. Every byte and the exit code must be the same.
/// </summary>
public sealed class SocketToolJudgeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("socket-tools").FullName;
    private readonly SocketScene _scene = new();

    public static TheoryData<string> SsRuns =>
    [
        "ss -tuan", "ss -tan", "ss -ta", "ss -tn", "ss -t", "ss -tln", "ss -l", "ss -uan", "ss -un", "ss -a", "ss", "ss -an", "ss -tano", "ss -tuano", "ss -tanO", "ss -tanp", "ss -Htan", "ss -tanr", "ss -s",
        "ss -tn4", "ss -x", "ss -w", "ss -A tcp -an", "ss --tcp --all --numeric", "ss --tcp --num", "ss -f inet -tan",
        "ss -tn state established", "ss -tan state listening", "ss -tn state time-wait", "ss -tn exclude established", "ss -tn state connected", "ss -tn state synchronized", "ss -tn state bucket", "ss -tn state big",
        "ss -tn state fin-wait-2 state close-wait", "ss -n state all", "ss -tan sport = :80", "ss -tan sport = 80", "ss -tan sport = :http", "ss -tan sport :80", "ss -tan dport = :5201", "ss -tan ( dport = :5201 or sport = :80 )",
        "ss -tan sport != :80", "ss -tan not sport = :80", "ss -tan sport > :1024", "ss -tan sport <= :80", "ss -tan dport ge 40000", "ss -tan dport lt 40003", "ss -tan src 10.0.0.1", "ss -tan dst 10.0.0.0/24", "ss -tan dst 10.0.0.2:40001",
        "ss -tan src :80", "ss -tan dst 10.0.0.2 sport = :80", "ss -tan dst 10.0.0.2 and sport = :80", "ss -tan sport = :80 or dport = :5201 and not dst 10.0.0.2", "ss -tan dst != 10.0.0.2", "ss -tan dst 10", "ss -tan dst localhost",
        "ss -h", "ss -V", "ss -Y", "ss --foo", "ss --no-such=1", "ss -tn state foo", "ss -tn state", "ss -tn sport = :foo", "ss -tn sport = 1.2.3.4", "ss -tn dst 10.0.0.0/40", "ss -tn foo", "ss sport", "ss -tn sport = :80 and", "ss -tn ( sport = :80",
        "ss -f foo", "ss -A foo", "ss -f", "ss -tn dst 1.2.3.4:x",
    ];

    public static TheoryData<string> NetstatRuns =>
    [
        "netstat -tuan", "netstat -tan", "netstat -t", "netstat -ta", "netstat -tln", "netstat -tl", "netstat -l", "netstat -uan", "netstat -un", "netstat -a", "netstat", "netstat -n", "netstat -tanp", "netstat -tuanpo", "netstat -tano",
        "netstat -uano", "netstat -tanW", "netstat -x", "netstat -w", "netstat --tcp --all --numeric", "netstat --tcp --numeric-hosts -a", "netstat --tcp --numeric-ports -a", "netstat -tn foo", "netstat -Y", "netstat --foo", "netstat --num", "netstat -rs",
        "netstat -is", "netstat -V",
    ];

    [Theory]
    [MemberData(nameof(SsRuns))]
    public async Task Ss_prints_our_sockets_as_the_real_one_does(string command)
    {
        Need.Tool("ss");
        _scene.WriteFiles(Path.Combine(_root, "net"), showBacklog: true);
        CommandResult real = await ProcessRunner.RunAsync(["env", "PROC_ROOT=" + _root, .. Words(command)]);
        ToolResult ours = await _scene.RunAsync(command);
        Assert.Equal(new ToolResult(real.ExitCode, real.Output, real.Error).ToString(), ours.ToString());
    }

    [Theory]
    [MemberData(nameof(NetstatRuns))]
    public async Task Netstat_prints_our_sockets_as_the_real_one_does(string command)
    {
        Need.Root();
        Need.Tool("netstat", "chroot", "ldd");
        await MakeRootAsync();
        _scene.WriteFiles(Path.Combine(_root, "proc", "net"), showBacklog: false);
        CommandResult real = await ProcessRunner.RunAsync(["chroot", _root, .. Words(command)]);
        ToolResult ours = await _scene.RunAsync(command);
        Assert.Equal(new ToolResult(real.ExitCode, real.Output, real.Error).ToString(), ours.ToString());
    }

    [Theory]
    [InlineData("netstat -s")]
    [InlineData("netstat -st")]
    [InlineData("netstat -su")]
    [InlineData("netstat -sw")]
    [InlineData("netstat --statistics --tcp")]
    public async Task The_real_netstat_tells_our_counters_in_the_same_words(string command)
    {
        Need.Root();
        Need.Tool("netstat", "chroot", "ldd");
        await MakeRootAsync();
        string folder = Directory.CreateDirectory(Path.Combine(_root, "proc", "net")).FullName;
        await _scene.WriteCountersAsync(folder);
        CommandResult real = await ProcessRunner.RunAsync(["chroot", _root, .. Words(command)]);
        ToolResult ours = await _scene.RunAsync(command);
        Assert.Equal(new ToolResult(real.ExitCode, real.Output, real.Error).ToString(), ours.ToString());
    }

    public void Dispose()
    {
        _scene.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // netstat reads /proc only: it gets a root of its own, with its libraries, names of services and hosts.
    private async Task MakeRootAsync()
    {
        string tool = Need.Find("netstat")!;
        CommandResult libraries = (await ProcessRunner.RunAsync(["ldd", tool])).EnsureSuccess();
        foreach (string file in Regex.Matches(libraries.Output, @"/\S+").Select(static match => match.Value).Append(tool).Append("/etc/services"))
            Copy(file);
        await File.WriteAllTextAsync(Path.Combine(_root, "etc", "hosts"), "127.0.0.1 localhost\n");
        await File.WriteAllTextAsync(Path.Combine(_root, "etc", "nsswitch.conf"), "hosts: files\nservices: files\n");
    }

    private void Copy(string file)
    {
        string target = _root + file;
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(file, target);
    }
}
