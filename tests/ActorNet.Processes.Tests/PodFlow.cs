using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ActorNet.Processes.Tests;

/// <summary>
/// Probes that a pod sends without a pause, each numbered, each with an answer of its own: what a cut, a loss or a stall on the way would
/// show in. It runs as a user would run it, in one `actornet exec`.
/// </summary>
public sealed partial class PodFlow : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    // An answer that waited longer than this was held up; on a busy machine of two cores a round trip takes some milliseconds, and now and then it stops.
    private const double MostMilliseconds = 5000;
    private const int PauseMilliseconds = 20;
    private readonly string _name;
    private readonly Process _process;
    private readonly Func<Task> _end;
    private readonly Regex _answer;
    private readonly StringBuilder _output = new();
    private readonly Task _reading;
    private int _answered;

    private PodFlow(string name, string[] command, Regex answer, Func<PodFlow, Task> end)
    {
        _name = name;
        _answer = answer;
        _process = Process.Start(LabProcess.Executable(command))!;
        _process.ErrorDataReceived += (_, e) => Note($"{e.Data}\n");
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
        _reading = ReadAsync();
        _end = () => end(this);
    }

    private string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Echo requests 20 ms apart.</summary>
    public static PodFlow Ping(Lab lab, string pod, string address) => new(
        $"ping from {pod} to {address}",
        ["exec", "--state-dir", lab.Root, $"pod/{pod}", "--", "ping", "-n", "-i", "0.02", address],
        EchoReply(),
        // Not SIGINT: a run that was started in the background has it ignored, and hands that on.
        flow => LabProcess.SignalAsync(flow._process.Id, "TERM"));

    /// <summary>Datagrams about 20 ms apart to agnhost's UDP server, which sends each number back.</summary>
    public static PodFlow Udp(Lab lab, string pod, string address, int port)
    {
        string script = $"rm -f /tmp/end; i=0; while [ ! -e /tmp/end ]; do i=$((i+1)); echo \"echo $i;\"; sleep 0.02; done | nc -u -w 4 {address} {port}; echo; echo ended";
        return new PodFlow(
            $"UDP from {pod} to {address}:{port}",
            ["exec", "--state-dir", lab.Root, $"pod/{pod}", "--", "sh", "-c", script],
            Datagram(),
            async _ => Assert.Equal(0, (await lab.ExecAsync($"pod/{pod}", "touch", "/tmp/end")).ExitCode));
    }

    /// <summary>The lines that <see cref="StreamServer"/> sends over one TCP connection.</summary>
    public static PodFlow Stream(Lab lab, string pod, string address, int port) => new(
        $"TCP from {pod} to {address}:{port}",
        ["exec", "--state-dir", lab.Root, $"pod/{pod}", "--", "nc", address, port.ToString(CultureInfo.InvariantCulture)],
        Datagram(),
        flow => LabProcess.SignalAsync(flow._process.Id, "TERM"));

    /// <summary>A container's script that sends numbered lines, about 20 ms apart, to the one that connects.</summary>
    public static string StreamServer(int port) => $"i=0; while true; do i=$((i+1)); echo \"$i;\"; sleep 0.02; done | nc -l {port}";

    /// <summary>Waits until so many further probes were answered.</summary>
    public async Task GoesOnAsync(int further)
    {
        int wanted = Volatile.Read(ref _answered) + further;
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _answered) < wanted)
        {
            Assert.True(!_process.HasExited && Stopwatch.GetElapsedTime(start) < Patience, $"{_name}: {_answered} answers, {wanted} wanted; it said:\n{Tail()}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Ends the flow. Every probe must have been answered, in order and in time, but those that may be under way at the end.</summary>
    public async Task EndAnsweredAsync()
    {
        await _end();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        await _reading;
        List<Match> answers = [.. _answer.Matches(Output).Cast<Match>()];
        int expected = 1;
        foreach (Match answer in answers)
        {
            Assert.True(Number(answer.Groups["number"]) == expected, $"{_name}: number {expected} has no answer; {answer.Value.Trim()} came next");
            Assert.True(!answer.Groups["ms"].Success || double.Parse(answer.Groups["ms"].Value, CultureInfo.InvariantCulture) < MostMilliseconds, $"{_name}: {answer.Value.Trim()} was held up");
            expected++;
        }

        if (Summary().Match(Output) is { Success: true } summary)
            Assert.InRange(Number(summary.Groups["sent"]) - answers.Count, 0, MostMilliseconds / PauseMilliseconds);
        Assert.True(answers.Count > 0, Tail());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    private string Tail() => Output is { Length: > 600 } all ? all[^600..] : Output;

    private async Task ReadAsync()
    {
        char[] buffer = new char[4096];
        int read;
        while ((read = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            Note(new string(buffer, 0, read));
            Volatile.Write(ref _answered, _answer.Count(Output));
        }
    }

    private void Note(string text)
    {
        lock (_output)
            _output.Append(text);
    }

    [GeneratedRegex(@"bytes from [\d.]+: icmp_seq=(?<number>\d+) ttl=\d+ time=(?<ms>[\d.]+) ms\n")]
    private static partial Regex EchoReply();

    [GeneratedRegex(@"(?<number>\d+);")]
    private static partial Regex Datagram();

    [GeneratedRegex(@"(?<sent>\d+) packets transmitted")]
    private static partial Regex Summary();
}
