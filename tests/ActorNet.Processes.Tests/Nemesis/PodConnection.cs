using System.Globalization;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>
/// One TCP connection between two pods that carries numbered lines, one about each 20 ms, from `nc` to `nc -l`, in an `actornet exec` on either side. A
/// connection that broke would end both.
/// </summary>
internal sealed class PodConnection : IDisposable
{
    private const string End = "/tmp/end";

    private readonly Lab _lab;
    private readonly string _from;
    private readonly Side _says, _hears;

    private PodConnection(Lab lab, string from, string to, string address, int port)
    {
        (_lab, _from) = (lab, from);
        // It takes the connection by which the other finds out that it listens, and then the one.
        _hears = new Side(lab, to, "nc", "-l", "-k", "-p", $"{port}");
        string numbers = $"(i=0; while [ ! -e {End} ]; do i=$((i+1)); echo $i; sleep 0.02; done; echo $i > {End})";
        // Both ends of a pipeline begin at once: the server has to be there before.
        _says = new Side(lab, from, "sh", "-c", $"rm -f {End}; until nc -z {address} {port}; do sleep 0.1; done; {numbers} | nc -N {address} {port}; code=$?; cat {End}; exit $code");
    }

    private string[] Heard => _hears.Said.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Connects pod <paramref name="from"/> to pod <paramref name="to"/>; some lines have arrived then.</summary>
    public static async Task<PodConnection> OpenAsync(Lab lab, string from, string to, string address, int port)
    {
        var connection = new PodConnection(lab, from, to, address, port);
        await connection.GoesOnAsync();
        return connection;
    }

    /// <summary>Waits until further lines arrive.</summary>
    public async Task GoesOnAsync()
    {
        int before = Heard.Length;
        await Lab.UntilAsync(
            () => Task.FromResult((Lines: Heard.Length, _says.Said)), heard => heard.Lines > before + 20 || _says.HasExited || _hears.HasExited, "the connection between two pods goes on");
        Assert.False(_says.HasExited || _hears.HasExited, $"the connection between two pods ended; {_from} said: {_says.Said}; the other heard {Heard.Length} lines, the last {Heard.LastOrDefault()}");
    }

    /// <summary>Ends it: every line must have arrived, once and in order.</summary>
    public async Task EndAsync()
    {
        Assert.Equal(0, (await _lab.ExecAsync($"pod/{_from}", "touch", End)).ExitCode);
        Assert.Equal(0, await _says.EndAsync());
        int sent = int.Parse(_says.Said, CultureInfo.InvariantCulture);
        await Lab.UntilAsync(() => Task.FromResult(Heard.Length), heard => heard >= sent, "all that was sent on the connection arrives");
        Assert.Equal(Enumerable.Range(1, sent).Select(static each => $"{each}"), Heard);
    }

    public void Dispose()
    {
        _says.Dispose();
        _hears.Dispose();
    }

    private sealed class Side(Lab lab, string pod, params string[] command) : TalkingProcess(LabProcess.Executable(["exec", "--state-dir", lab.Root, $"pod/{pod}", "--", .. command]));
}
