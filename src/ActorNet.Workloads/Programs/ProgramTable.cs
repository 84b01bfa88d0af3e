using ActorNet.Workloads.Inspection;
using ActorNet.Workloads.Programs.Agnhost;
using ActorNet.Workloads.Shell;
using ActorNet.Workloads.Streams;
using ActorNet.Workloads.Tools;

namespace ActorNet.Workloads.Programs;

/// <summary>The programs by name, as a PATH finds them.</summary>
public sealed class ProgramTable
{
    /// <summary>What sh answers for a command that it does not find (POSIX 2.8.2).</summary>
    public const int NotFoundExitCode = 127;

    /// <summary>What a program killed by SIGINT or SIGTERM would leave: 128 + 15.</summary>
    public const int TerminatedExitCode = 143;

    /// <summary>What a program killed by SIGKILL would leave: 128 + 9.</summary>
    public const int KilledExitCode = 137;

    /// <summary>What sh answers for a file that is no program (POSIX 2.8.2).</summary>
    public const int NotExecutableExitCode = 126;

    /// <summary>What a program killed by SIGABRT would leave: 128 + 6.</summary>
    public const int CrashedExitCode = 134;

    private readonly Dictionary<string, IProgram> _programs = new(StringComparer.Ordinal);

    /// <summary>Makes the table with every program of this project.</summary>
    public static ProgramTable CreateDefault()
    {
        var table = new ProgramTable();
        table.Add("ping", new Ping.PingProgram());
        table.Add("nc", new Netcat.NetcatProgram());
        table.Add("ss", new Ss.SsProgram());
        table.Add("netstat", new Netstat.NetstatProgram());
        table.Add("traceroute", new Traceroute.TracerouteProgram());
        table.Add("wget", new Wget.WgetProgram());
        table.Add("curl", new Curl.CurlProgram());
        table.Add("agnhost", new AgnhostProgram(table));
        table.Add("iperf3", new Iperf.IperfProgram());
        table.Add("coredns", new Dns.Server.CorednsProgram());
        table.Add("dig", new Dns.Tools.DigProgram());
        table.Add("getent", new Dns.Tools.GetentProgram());
        table.Add("nslookup", new Dns.Tools.NslookupProgram());
        table.Add("nginx", new Nginx.NginxProgram());
        table.Add("iptables", new Netfilter.IptablesProgram());
        table.Add("iptables-save", new Netfilter.IptablesSaveProgram());
        table.Add("iptables-restore", new Netfilter.IptablesRestoreProgram());
        table.Add("conntrack", new Netfilter.ConntrackProgram());
        table.Add("pause", new PauseProgram());
        table.Add("sh", new ShellProgram(table));
        foreach (IInspectionTool tool in (IInspectionTool[])[new IpTool(), new BridgeTool(), new BrctlTool(), new ArpTool(), new IfconfigTool(), new RouteTool()])
            table.Add(tool.Name, new InspectionProgram(tool));
        ToolTable.AddTo(table);
        return table;
    }

    /// <summary>The names.</summary>
    public IReadOnlyCollection<string> Names => _programs.Keys;

    /// <summary>Adds a program, replacing one of the same name.</summary>
    /// <param name="name">Name.</param>
    /// <param name="program">Program.</param>
    public void Add(string name, IProgram program) => _programs[name] = program;

    /// <summary>Runs a command: its first word names the program, with or without a path.</summary>
    /// <param name="context">What the program is given.</param>
    /// <param name="command">Words of the command.</param>
    /// <returns>The program's exit code, 127 when there is no such program, 143 when it was cancelled and did not say otherwise.</returns>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> command)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        string name = command.Count > 0 ? command[0] : "";
        if (!_programs.TryGetValue(name[(name.LastIndexOf('/') + 1)..], out IProgram? program))
        {
            // dash: "sh: 1: NAME: not found".
            await context.Stderr.WriteLineAsync($"sh: 1: {name}: not found").ConfigureAwait(false);
            return NotFoundExitCode;
        }

        try
        {
            return await program.RunAsync(context, [.. command.Skip(1)]).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return TerminatedExitCode;
        }
        catch (BrokenPipeException)
        {
            return BrokenPipeException.ExitCode;
        }
        catch (IOException e)
        {
            // A full or closed output ends a program; where that is standard error, there is nowhere to say it.
            if (context.Error != context.Output && context.Error is not ClosedStream)
                await context.Stderr.WriteAsync($"{context.Host ?? name[(name.LastIndexOf('/') + 1)..]}: write error: {e.Message}\n").ConfigureAwait(false);
            return 1;
        }
#pragma warning disable CA1031 // A program's defect ends the program and nothing else, as a crash ends a process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await context.Stderr.WriteAsync($"{name}: crashed: {e}\n").ConfigureAwait(false);
            return CrashedExitCode;
        }
    }
}
