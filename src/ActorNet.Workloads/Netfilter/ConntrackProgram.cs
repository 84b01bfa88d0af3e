using System.Globalization;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netfilter;

/// <summary>`conntrack` of conntrack-tools 1.4.7: -L, -D, -F, -C and -S with filters. Events (-E) and entries made by hand (-I, -U) are not there.</summary>
public sealed class ConntrackProgram : IProgram
{
    private const string Version = "conntrack v1.4.7 (conntrack-tools): ";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        string command = "";
        bool extended = false;
        var filter = new ConntrackFilter();
        int at = 0;
        while (at < args.Count)
        {
            string word = args[at++];
            if (CommandOf(word) is { } found)
            {
                command = found;
                if (at < args.Count && args[at] == "conntrack")
                    at++;
                continue;
            }

            if (word is "-o" or "--output" && at < args.Count)
            {
                extended = args[at++].Split(',').Contains("extended");
                continue;
            }

            string? argument = at < args.Count && !args[at].StartsWith('-') ? args[at] : null;
            if (argument is null || Narrow(filter, word, argument) is not { } narrowed)
            {
                await context.Stderr.WriteAsync($"{Version}{(argument is null && IsKnown(word) ? $"`{word}' needs an argument" : $"unknown or not emulated: {word} {argument}".TrimEnd())}\nTry `conntrack -h' or 'conntrack --help' for more information.\n").ConfigureAwait(false);
                return 2;
            }

            filter = narrowed;
            at++;
        }

        return await ExecuteAsync(context, command, filter, extended).ConfigureAwait(false);
    }

    private static string? CommandOf(string word) => word switch
    {
        "-L" or "--dump" => "-L",
        "-D" or "--delete" => "-D",
        "-F" or "--flush" => "-F",
        "-C" or "--count" => "-C",
        "-S" or "--stats" => "-S",
        "-V" or "--version" => "-V",
        _ => null,
    };

    private static async Task<int> ExecuteAsync(ProgramContext context, string command, ConntrackFilter filter, bool extended)
    {
        switch (command)
        {
            case "-L":
                return await ListAsync(context, new ListConnections(filter, extended), "shown", 0).ConfigureAwait(false);
            case "-D":
                // conntrack.c: to have deleted none is a failure.
                return await ListAsync(context, new DeleteConnections(filter), "deleted", 1).ConfigureAwait(false);
            case "-F":
                NetfilterAnswer flushed = await NetfilterTools.AskAsync(context, "conntrack", new DeleteConnections(new ConntrackFilter())).ConfigureAwait(false);
                await context.Stderr.WriteAsync(flushed.Error.Length > 0 ? flushed.Error : Version + "connection tracking table has been emptied.\n").ConfigureAwait(false);
                return flushed.ExitCode;
            case "-C":
                NetfilterAnswer counted = await NetfilterTools.AskAsync(context, "conntrack", new CountConnections()).ConfigureAwait(false);
                await context.Stdout.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{counted.Count}\n")).ConfigureAwait(false);
                return counted.ExitCode;
            case "-S":
                return await NetfilterTools.RunAsync(context, "conntrack", new ShowConntrackStatistics()).ConfigureAwait(false);
            case "-V":
                await context.Stdout.WriteAsync("conntrack v1.4.7 (conntrack-tools)\n").ConfigureAwait(false);
                return 0;
            default:
                await context.Stderr.WriteAsync($"{Version}You need to supply at least one command: -L, -D, -F, -C or -S\nTry `conntrack -h' or 'conntrack --help' for more information.\n").ConfigureAwait(false);
                return 2;
        }
    }

    private static async Task<int> ListAsync(ProgramContext context, NetfilterRequest request, string done, int noneCode)
    {
        NetfilterAnswer answer = await NetfilterTools.AskAsync(context, "conntrack", request).ConfigureAwait(false);
        await context.Stdout.WriteAsync(answer.Output).ConfigureAwait(false);
        if (answer.ExitCode != 0)
        {
            await context.Stderr.WriteAsync(answer.Error).ConfigureAwait(false);
            return answer.ExitCode;
        }

        await context.Stderr.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{Version}{answer.Count} flow entries have been {done}.\n")).ConfigureAwait(false);
        return answer.Count == 0 ? noneCode : 0;
    }

    private static bool IsKnown(string option) => Narrow(new ConntrackFilter(), option, "0") is not null || option is "-s" or "-d" or "-r" or "-q" or "-p" or "-u";

    // Null: no such option, or an argument that says nothing.
    private static ConntrackFilter? Narrow(ConntrackFilter filter, string option, string argument) => option switch
    {
        "-f" or "--family" => argument == "ipv4" ? filter : null,
        "-p" or "--proto" => ProtocolOf(argument) is { } protocol ? filter with { Protocol = protocol } : null,
        "-s" or "--src" or "--orig-src" => Ipv4Prefix.TryParse(argument, out Ipv4Prefix source) ? filter with { OriginalSource = source } : null,
        "-d" or "--dst" or "--orig-dst" => Ipv4Prefix.TryParse(argument, out Ipv4Prefix destination) ? filter with { OriginalDestination = destination } : null,
        "-r" or "--reply-src" => Ipv4Prefix.TryParse(argument, out Ipv4Prefix replySource) ? filter with { ReplySource = replySource } : null,
        "-q" or "--reply-dst" => Ipv4Prefix.TryParse(argument, out Ipv4Prefix replyDestination) ? filter with { ReplyDestination = replyDestination } : null,
        "--sport" or "--orig-port-src" => PortOf(argument) is { } port ? filter with { SourcePort = port } : null,
        "--dport" or "--orig-port-dst" => PortOf(argument) is { } port ? filter with { DestinationPort = port } : null,
        "--reply-port-src" => PortOf(argument) is { } port ? filter with { ReplySourcePort = port } : null,
        "--reply-port-dst" => PortOf(argument) is { } port ? filter with { ReplyDestinationPort = port } : null,
        "--state" => filter with { State = argument.ToUpperInvariant() },
        "-u" or "--status" => argument.ToUpperInvariant() switch
        {
            "ASSURED" => filter with { Status = filter.Status | ConntrackStatus.Assured },
            "SEEN_REPLY" => filter with { Status = filter.Status | ConntrackStatus.SeenReply },
            "UNSET" => filter with { Unreplied = true },
            _ => null,
        },
        "-m" or "--mark" => MarkOf(argument) is { } mark ? filter with { Mark = mark } : null,
        _ => null,
    };

    private static byte? ProtocolOf(string text) => text.ToLowerInvariant() switch
    {
        "tcp" => 6,
        "udp" => 17,
        "icmp" => 1,
        "sctp" => 132,
        _ => byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out byte number) ? number : null,
    };

    private static ushort? PortOf(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) ? port : null;

    private static (uint Value, uint Mask)? MarkOf(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length <= 2 && NumberOf(parts[0]) is { } value && (parts.Length == 1 ? uint.MaxValue : NumberOf(parts[1])) is { } mask ? (value, mask) : null;
    }

    private static uint? NumberOf(string text) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint hex) ? hex : null
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;
}
