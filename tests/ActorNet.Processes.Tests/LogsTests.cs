using System.Diagnostics;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>`actornet logs` against a real host process: nginx's access log, the options and the words of kubectl.</summary>
public sealed class LogsTests
{
    [Fact]
    public async Task A_container_log_is_printed_and_followed_as_by_kubectl()
    {
        await using var lab = new Lab();
        LabProcess host = await lab.StartAsync("n1", lab.Place(92));
        string web = await lab.RunPodAsync("web", "n1", "image: \"nginx:1.27\"");
        await lab.RunPodAsync("client", "n1", "image: \"busybox\", command: [\"sh\", \"-c\", \"for i in 1 2 3; do echo line $i; done; sleep infinity\"]");
        await Lab.UntilAsync(async () => await lab.ExecAsync("pod/client", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", $"http://{web}/nowhere"), static r => r.Output == "404", "nginx answers");

        // nginx writes its line when the answer is out.
        CommandResult all = await Lab.UntilAsync(() => lab.LogsAsync("web"), static r => r.Output.Contains("GET /nowhere HTTP/1.1\" 404", StringComparison.Ordinal), "nginx logs the request");
        Assert.Equal(0, all.ExitCode);
        Assert.Matches("""\[error\] 1#1: \*1 open\(\) "/usr/share/nginx/html/nowhere" failed \(2: No such file or directory\), client: 10\.""", all.Output);
        Assert.Matches("""^10\.[0-9.]+ - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /nowhere HTTP/1\.1" 404 \d+ "-" "curl/[0-9.]+"\n$""", (await lab.LogsAsync("pod/web", "--tail", "1")).Output);
        await Lab.UntilAsync(() => lab.LogsAsync("client"), static r => r.Output.EndsWith("line 3\n", StringComparison.Ordinal), "the client's lines");
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 3\n$", (await lab.LogsAsync("client", "--tail=1", "--timestamps")).Output);
        Assert.Equal("line 1\nline 2\nline 3\n", (await lab.LogsAsync("client", "--since", "1h", "-c", "c")).Output);

        JsonElement port = Assert.Single((await lab.StatusAsync("n1")).GetProperty("Http").EnumerateArray(), static p => p.GetProperty("Pod").GetString() == "web");
        Assert.Equal(("web", 80), (port.GetProperty("Pod").GetString(), port.GetProperty("Port").GetInt32()));
        Assert.InRange(port.GetProperty("Accepted").GetInt64(), 1, long.MaxValue);
        CommandResult deleted = await Lab.RunAsync("pod", "delete", "web", "--state-dir", lab.Root);
        Assert.Equal((0, "pod/web deleted\n"), (deleted.ExitCode, deleted.Output));
        Assert.Equal("Error from server (NotFound): pods \"web\" not found\n", (await lab.LogsAsync("web")).Errors);
        Assert.Equal(0, await host.StopAsync());
    }

    [Fact]
    public async Task Who_follows_gets_what_comes_and_ends_with_the_container()
    {
        await using var lab = new Lab();
        LabProcess host = await lab.StartAsync("n1", lab.Place(93));
        await lab.RunPodAsync("job", "n1", "image: busybox, command: [\"sh\", \"-c\", \"echo first; until test -e /tmp/go; do sleep 0.1; done; echo second; printf end\"]");
        using Process logs = Process.Start(LabProcess.Executable(["logs", "--state-dir", lab.Root, "job", "--follow"]))!;
        Assert.Equal("first", await logs.StandardOutput.ReadLineAsync());
        Assert.Equal(0, (await lab.ExecAsync("pod/job", "touch", "/tmp/go")).ExitCode);
        Assert.Equal("second\nend\n", await logs.StandardOutput.ReadToEndAsync());
        await logs.WaitForExitAsync();
        Assert.Equal(0, logs.ExitCode);
        Assert.Equal(0, await host.StopAsync());
    }

    [Fact]
    public async Task What_cannot_be_printed_is_said_in_kubectls_words()
    {
        await using var lab = new Lab();
        LabProcess host = await lab.StartAsync("n1", lab.Place(94));
        await lab.RunPodAsync("client", "n1", "image: pause");
        foreach ((string[] arguments, string error) in new (string[], string)[]
        {
            (["nobody"], "Error from server (NotFound): pods \"nobody\" not found\n"),
            (["client", "-c", "x"], "error: container x is not valid for pod client\n"),
            (["client", "-p"], "Error from server (BadRequest): previous terminated container \"c\" in pod \"client\" not found\n"),
            (["client", "--tail=-2"], "error: --tail must be greater than or equal to -1\n"),
            (["client", "--since=-1s"], "error: --since must be greater than 0\n"),
            (["client", "--since=soon"], "error: invalid argument \"soon\" for \"--since\" flag: time: invalid duration \"soon\"\n"),
        })
        {
            CommandResult result = await lab.LogsAsync(arguments);
            Assert.Equal((1, "", error), (result.ExitCode, result.Output, result.Errors));
        }

        Assert.Equal(0, await host.StopAsync());
    }
}
