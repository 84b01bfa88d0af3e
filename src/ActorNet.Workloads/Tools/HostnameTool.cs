using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>hostname [-sidf]: a pod's name and address. It cannot be set, as in a container without CAP_SYS_ADMIN.</summary>
internal sealed class HostnameTool : Tool
{
    protected override string Name => "hostname";

    protected override string Usage =>
        "hostname [-sidf] [HOSTNAME | -F FILE]\n\nShow or set hostname or DNS domain name\n\n\t-s\tShort\n\t-i\tAddresses for the hostname\n" +
        "\t-d\tDNS domain name\n\t-f\tFully qualified domain name\n\t-F FILE\tUse FILE's content as hostname";

    protected override string Options => "sidfvF:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        ProgramContext context = run.Context;
        bool shows = options.Has('s') || options.Has('i') || options.Has('d') || options.Has('f');
        if (!shows && (options.Words.Count > 0 || options.Has('F')))
            throw Fail("sethostname: Operation not permitted");
        string name = context.HostName;
        if (options.Has('i') || options.Has('f') || options.Has('d'))
        {
            if (!context.TryResolve(name, out Ipv4Address address))
                throw Fail($"{name}: Unknown host");
            string full = context.FindName(address) ?? name;
            int dot = full.IndexOf('.', StringComparison.Ordinal);
            name = options.Has('i') ? address.ToString() : options.Has('d') ? full[(dot < 0 ? full.Length : dot + 1)..] : full;
        }
        else if (options.Has('s'))
        {
            name = name.Split('.')[0];
        }

        await run.Out.WriteTextAsync(name + "\n").ConfigureAwait(false);
        return 0;
    }
}
