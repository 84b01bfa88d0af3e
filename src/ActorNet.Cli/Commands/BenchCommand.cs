using System.CommandLine;
using System.Text.Json;
using ActorNet.Cli.Bench;
using ActorNet.Cli.Bench.Stores;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet bench`: how fast this machine forwards, beside its kernel, how fast its API is, and how fast kube-proxy makes rules.</summary>
internal static class BenchCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("bench", "Measure; figures of the data plane stand beside the kernel's own in the same run where the user is root");
        command.Subcommands.Add(CreateDataplane());
        command.Subcommands.Add(BenchControlCommand.Create());
        command.Subcommands.Add(BenchStoreCommand.Create());
        command.Subcommands.Add(CreateServices());
        command.Subcommands.Add(CreateReadiness());
        command.Subcommands.Add(KernelPeerCommand.Create());
        command.Subcommands.Add(WatchersCommand.Create());
        command.Subcommands.Add(StoreMemberCommand.Create());
        return command;
    }

    private static Command CreateDataplane()
    {
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        var seconds = new Option<double>("--seconds") { Description = "Seconds of load for each figure. Default: 5", DefaultValueFactory = _ => 5, HelpName = "S" };
        var rest = new Option<double>("--rest") { Description = "Seconds of rest before the idle cost is measured: the runtime compiles in the background for a while after load. Default: 60", DefaultValueFactory = _ => 60, HelpName = "S" };
        var idle = new Option<double>("--idle") { Description = "Seconds for which the idle cost is measured. Default: 15", DefaultValueFactory = _ => 15, HelpName = "S" };
        var command = new Command("dataplane", "Pod to pod over two host processes, and once more through a Service: 64-byte UDP frames per second, new flows, round-trip time, one TCP flow, connections per second, HTTP requests per second, idle cost") { output, seconds, rest, idle };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = result.GetValue(output) == "json";
            if (result.GetValue(seconds) is not (>= 0.5 and <= 600) || result.GetValue(rest) is not (>= 0 and <= 600) || result.GetValue(idle) is not (>= 0.5 and <= 600))
                throw new UsageException("bench dataplane: --seconds and --idle take 0.5 to 600, --rest 0 to 600.");
            TextWriter progress = json ? Console.Error : Console.Out;
            DataplaneReport report = await DataplaneBench.RunAsync(TimeSpan.FromSeconds(result.GetValue(seconds)), TimeSpan.FromSeconds(result.GetValue(rest)), TimeSpan.FromSeconds(result.GetValue(idle)), progress, ct).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(report, Json));
            else
                Print(report);
            return report.After is { BuffersOut: 0, HeartbeatWarnings: 0 } ? 0 : 1;
        }));
        return command;
    }

    private static Command CreateServices()
    {
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        var command = new Command("services", "kube-proxy's rules for 5,000 Services of 10 endpoints: compiled and put in force, one endpoint changed, the first packet of a flow beside 10, 1,000 and 5,000 Services, later packets") { output };
        command.SetAction((result, _) => RootCommandFactory.GuardAsync(() =>
        {
            bool json = result.GetValue(output) == "json";
            ServicesReport report = ServicesBench.Run(json ? Console.Error : Console.Out);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(report, Json));
            else
                Print(report);
            return Task.FromResult(0);
        }));
        return command;
    }

    private static Command CreateReadiness()
    {
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        var command = new Command("readiness", "From a pod's change of readiness at the API of one host process to rules in force on the node of another, with 1,000 Services of 10 endpoints") { output };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = result.GetValue(output) == "json";
            ReadinessReport report = await ReadinessBench.RunAsync(json ? Console.Error : Console.Out, ct).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(report, Json));
            else
                Print(report);
            return 0;
        }));
        return command;
    }

    private static void Print(ReadinessReport r)
    {
        Console.WriteLine();
        TextTable.Write(Console.Out, ["MS", "P50", "P99", "MAX"], [Row("a pod's condition to its EndpointSlice", r.ConditionToSlice), Row("EndpointSlice to rules in force", r.SliceToRules)]);
        Console.WriteLine($"\n99 of 100 changes took both steps in {r.P99Bound:0.0} ms or less; promised are {ReadinessReport.TargetMilliseconds:0} ms: {(r.Holds ? "holds" : "does not hold")}");
        Console.WriteLine($"{ReadinessReport.Changes} changes, {r.PartialSyncs} programs of what changed, {r.FullSyncs} of everything");

        static string[] Row(string what, Percentiles p) => [what, $"{p.P50:0.0}", $"{p.P99:0.0}", $"{p.Max:0.0}"];
    }

    private static void Print(ServicesReport r)
    {
        Console.WriteLine();
        TextTable.Write(Console.Out, ["MS", "FIRST IN THIS PROCESS", "LATER"],
        [
            Row($"{r.Services} Services of {r.Endpoints} endpoints compiled", static t => t.Compile),
            Row("read", static t => t.Read),
            Row("put in force", static t => t.PutInForce),
            Row("all of it", static t => t.Total),
            Row("longest time that frames wait", static t => t.LongestPiece),
        ]);
        Console.WriteLine();
        Percentiles change = r.ChangeMilliseconds;
        TextTable.Write(Console.Out, ["MS", "P50", "P99", "MAX", "GARBAGE COLLECTED IN ONE"], [["one endpoint's change", $"{change.P50:0.00}", $"{change.P99:0.00}", $"{change.Max:0.00}", $"{r.ChangeCollectedMilliseconds:0.00}"]]);
        Console.WriteLine();
        TextTable.Write(Console.Out, ["SERVICES", "NEW FLOW, US", "TO TEN OF THEM", "WITHOUT INDEX"], [.. r.NewFlows.Select(f => new[] { $"{f.Services}", $"{f.Microseconds:0.00}", $"{f.ToTenMicroseconds:0.00}", $"{f.WalkedMicroseconds:0.00}" })]);
        Console.WriteLine();
        EstablishedReport e = r.Established;
        TextTable.Write(Console.Out, ["A KNOWN FLOW'S PACKET, NS", "SHORT PATH", "WALKED"],
        [
            ["to a pod, without netfilter", $"{e.NoNetfilter:0}", "-"],
            ["to a pod", $"{e.ToPod:0}", $"{e.ToPodWalked:0}"],
            ["to a Service", $"{e.ToService:0}", $"{e.ToServiceWalked:0}"],
            ["to a Service, 64 flows in turn", $"{e.ToServiceOfManyFlows:0}", "-"],
            ["to a Service, never answered", $"{e.ToServiceUnanswered:0}", "-"],
        ]);

        string[] Row(string what, Func<FillTimes, double> part) => [what, $"{part(r.First):0.0}", $"{part(r.Later):0.0}"];
    }

    private static void Print(DataplaneReport r)
    {
        static string[] Compared(string what, ComparedFigure f, string format) => [what, f.Through.ToString(format, null), f.Without.ToString(format, null), $"{f.Ratio:0.00}x"];
        static string Rate(double? v) => v is { } x ? $"{x:N0}" : "-";
        static string Times(double? v) => v is { } x ? $"{x:0.##}x" : "-";
        Console.WriteLine();
        TextTable.Write(Console.Out, ["", "ACTORNET", "KERNEL", "RATIO", "KERNEL+GSO", "RATIO"],
        [
            ["UDP 64 B, frames/s", Rate(r.Udp64.FramesPerSecond), Rate(r.Udp64.KernelFramesPerSecond), Times(r.Udp64.RatioToKernel), Rate(r.Udp64.KernelOffloadFramesPerSecond), Times(r.Udp64.RatioToKernelOffload)],
            ["the same, cold", Rate(r.Udp64.ColdFramesPerSecond), Rate(r.Udp64.KernelFramesPerSecond), Times(r.Udp64.ColdRatioToKernel), "-", "-"],
            ["ping p50, us", $"{r.Ping.P50Microseconds:0}", r.Ping.KernelP50Microseconds is { } k ? $"{k:0}" : "-", Times(r.Ping.RatioToKernel), "-", "-"],
            ["TCP, one flow, Gbit/s", $"{r.Tcp.GigabitsPerSecond:0.00}", r.Tcp.KernelGigabitsPerSecond is { } g ? $"{g:0.00}" : "-", Times(r.Tcp.RatioToKernel), "-", "-"],
            ["the same, CPU s/GB, both sides", $"{r.Tcp.SenderCpuSecondsPerGigabyte + r.Tcp.ReceiverCpuSecondsPerGigabyte:0.00}", r.Tcp.KernelCpuSecondsPerGigabyte is { } c ? $"{c:0.00}" : "-", "-", "-", "-"],
            ["TCP connections/s", Rate(r.Connect.PerSecond), Rate(r.Connect.KernelPerSecond), Times(r.Connect.RatioToKernel), "-", "-"],
            ["HTTP requests/s", Rate(r.Http.RequestsPerSecond), Rate(r.Http.KernelRequestsPerSecond), Times(r.Http.RatioToKernel), "-", "-"],
            ["idle, % of a core", $"{r.Idle.PercentOfOneCore:0.0}", "-", "-", "-", "-"],
        ]);
        Console.WriteLine();
        TextTable.Write(Console.Out, ["", "THROUGH A SERVICE", "TO THE POD", "RATIO"],
        [
            Compared("UDP 64 B, frames/s", r.Service.Udp64FramesPerSecond, "N0"),
            Compared("UDP, new flows/s", r.Service.UdpNewFlowsPerSecond, "N0"),
            Compared("TCP, one flow, Gbit/s", r.Service.TcpGigabitsPerSecond, "0.00"),
            Compared("TCP connections/s", r.Service.ConnectionsPerSecond, "N0"),
            Compared("HTTP requests/s", r.Service.HttpRequestsPerSecond, "N0"),
        ]);
        Console.WriteLine($"\nIdle, while the runtime still compiled after the load, % of a core in each {r.Idle.WindowSeconds:0.#} s: {string.Join(", ", r.Idle.SettlingPercent.Select(p => $"{p:0.0}"))}");
        Console.WriteLine($"{r.Machine.Cores} cores, {r.Machine.OperatingSystem}, {r.Machine.Runtime}; buffers out {r.After.BuffersOut}, late heartbeats {r.After.HeartbeatWarnings}, allocated per frame {r.Udp64.SenderAllocatedBytesPerFrame:0.###} B");
        if (r.KernelNotMeasured is { } why)
            Console.WriteLine($"The kernel's path was not measured: {why}");
    }
}
