using System.Runtime.InteropServices;

namespace ActorNet.Workloads.Tools;

/// <summary>uname [-amnrspvio]: the Linux that a namespace behaves as.</summary>
internal sealed class UnameTool : Tool
{
    // What is printed for -r and -v: a Linux of no distribution.
    private const string Release = "6.1.0-actornet";
    private const string Version = "#1 SMP PREEMPT_DYNAMIC";

    protected override string Name => "uname";

    protected override string Usage => "uname [-amnrspvio]";

    protected override string Options => "amnrspvio";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count > 0)
            throw Misuse();
        (char Option, string Value)[] parts =
        [
            ('s', "Linux"), ('n', run.Context.HostName), ('r', Release), ('v', Version), ('m', Machine()),
            ('p', "unknown"), ('i', "unknown"), ('o', "GNU/Linux"),
        ];
        // -a leaves out what is unknown.
        IEnumerable<string> shown = parts
            .Where(p => options.Has(p.Option) || (options.All.Count == 0 ? p.Option == 's' : options.Has('a') && p.Value != "unknown"))
            .Select(static p => p.Value);
        await run.Out.WriteTextAsync(string.Join(' ', shown) + "\n").ConfigureAwait(false);
        return 0;
    }

    private static string Machine() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.Arm64 => "aarch64",
        Architecture.Arm => "armv7l",
        _ => "x86_64",
    };
}
