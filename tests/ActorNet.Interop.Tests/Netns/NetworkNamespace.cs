using System.Diagnostics;
using System.Text.Json;

namespace ActorNet.Interop.Tests.Netns;

/// <summary>One Linux network namespace of a <see cref="NetnsLab"/>.</summary>
/// <param name="Name">Its name under /run/netns.</param>
public sealed record NetworkNamespace(string Name)
{
    private readonly List<Process> _started = [];

    /// <summary>Runs a command in the namespace; an exit code other than 0 is an exception that shows what was printed.</summary>
    public async Task<CommandResult> ExecAsync(params string[] command) => (await TryExecAsync(command)).EnsureSuccess();

    /// <summary>Runs a command in the namespace and returns its result, whatever the exit code.</summary>
    public Task<CommandResult> TryExecAsync(params string[] command) => ProcessRunner.RunAsync(CommandLine(command));

    /// <summary>As <see cref="TryExecAsync(string[])"/>, with a bound on the time and text for standard input.</summary>
    public Task<CommandResult> TryExecAsync(IReadOnlyList<string> command, TimeSpan timeout, string? input = null) =>
        ProcessRunner.RunAsync(CommandLine(command), timeout, input);

    /// <summary>Starts a command in the namespace, its streams redirected; the caller ends it.</summary>
    public Process Start(IReadOnlyList<string> command)
    {
        Process process = ProcessRunner.Start(CommandLine(command));
        lock (_started)
            _started.Add(process);
        return process;
    }

    /// <summary>
    /// Ends what <see cref="Start"/> began and nobody ended. A process that has not entered the namespace yet is not among `ip netns pids`,
    /// so the lab's removal alone would miss it.
    /// </summary>
    internal void EndStarted()
    {
        lock (_started)
        {
            foreach (Process process in _started)
            {
                try
                {
                    process.Kill();
                }
                catch (InvalidOperationException)
                {
                    // It has ended, or its starter has disposed of it.
                }
            }

            _started.Clear();
        }
    }

    /// <summary>Runs <c>ip</c> with these words in the namespace; it must succeed.</summary>
    public async Task<string> IpAsync(string words)
    {
        ArgumentNullException.ThrowIfNull(words);
        CommandResult result = await ProcessRunner.RunAsync(["ip", "-n", Name, .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        return result.EnsureSuccess().Output;
    }

    /// <summary>Runs <c>bridge</c> with these words in the namespace; it must succeed.</summary>
    public async Task<string> BridgeAsync(string words)
    {
        ArgumentNullException.ThrowIfNull(words);
        CommandResult result = await ProcessRunner.RunAsync(["bridge", "-n", Name, .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        return result.EnsureSuccess().Output;
    }

    /// <summary>Writes a kernel setting of the namespace, such as <c>net.ipv4.ip_forward</c>.</summary>
    public Task SetSysctlAsync(string key, string value) => ExecAsync("sysctl", "-q", "-w", $"{key}={value}");

    /// <summary>Turns off the offloads that make a capture differ from the wire.</summary>
    public Task OffloadsOffAsync(string device) =>
        ExecAsync("ethtool", "-K", device, "tx", "off", "gso", "off", "tso", "off", "gro", "off");

    /// <summary>The MAC address of a device, in the usual lower-case form.</summary>
    public async Task<string> MacAsync(string device)
    {
        using var json = JsonDocument.Parse(await IpAsync($"-j link show dev {device}"));
        return json.RootElement[0].GetProperty("address").GetString()!;
    }

    /// <summary>The program and arguments that run a command in this namespace.</summary>
    public IReadOnlyList<string> CommandLine(IReadOnlyList<string> command) => ["ip", "netns", "exec", Name, .. command];
}
