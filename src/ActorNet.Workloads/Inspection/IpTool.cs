using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>`ip` of iproute2 6.1: address, link, route and neighbour of one namespace.</summary>
public sealed class IpTool : IInspectionTool
{
    private const string Usage =
        "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n" +
        "where  OBJECT := { address | link | neighbour | route }\n" +
        "       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -f[amily] { inet | inet6 | link } |\n" +
        "                    -4 | -6 | -0 | -o[neline] | -br[ief] }";

    // In the order of iproute2 ip/ip.c: the first that the word begins decides.
    private static readonly string[] Objects =
    [
        "address", "addrlabel", "maddress", "route", "rule", "neighbor", "neighbour", "ntable", "ntbl", "link", "l2tp", "fou", "ila", "macsec",
        "tunnel", "tunl", "tuntap", "tap", "token", "tcpmetrics", "tcp_metrics", "monitor", "xfrm", "mroute", "mrule", "netns", "netconf",
        "vrf", "sr", "nexthop", "mptcp", "ioam", "help", "stats",
    ];

    /// <inheritdoc/>
    public string Name => "ip";

    /// <inheritdoc/>
    public Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(args);
        return ToolOutcome.RunAsync(outcome => RunAsync(control, args, outcome, cancellationToken), stdout, stderr);
    }

    private static Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        int index = 0;
        var options = new IpOptions();
        for (; index < args.Count && args[index].StartsWith('-'); index++)
        {
            if (ParseOption(args, ref index, ref options, outcome))
                return Task.FromResult(0);
        }

        if (index == args.Count)
            throw new ToolFailure(255, Usage);
        string word = args[index];
        var reader = new ArgumentReader(args, index + 1);
        return FindObject(word) switch
        {
            "address" => IpAddressCommand.RunAsync(control, options, reader, outcome, cancellationToken),
            "link" => IpLinkCommand.RunAsync(control, options, reader, outcome, cancellationToken),
            "route" => IpRouteCommand.RunAsync(control, options, reader, outcome, cancellationToken),
            "neighbor" or "neighbour" => IpNeighbourCommand.RunAsync(control, options, reader, outcome, cancellationToken),
            "help" => throw new ToolFailure(255, Usage),
            null => throw new ToolFailure(1, $"Object \"{word}\" is unknown, try \"ip help\"."),
            string known => throw ArgumentReader.NotEmulated("ip " + known),
        };
    }

    private static string? FindObject(string word) => Array.Find(Objects, name => ArgumentReader.Matches(word, name));

    /// <summary>Takes one option; returns true when it was the whole command.</summary>
    private static bool ParseOption(IReadOnlyList<string> args, ref int index, ref IpOptions options, ToolOutcome outcome)
    {
        string word = args[index];
        string option = word.StartsWith("--", StringComparison.Ordinal) ? word[1..] : word;
        if (ArgumentReader.Matches(option, "-family") && option.Length > 1)
        {
            if (++index == args.Count)
                throw new ToolFailure(255, "Command line is not complete. Try option \"help\"");
            options = options with { Family = ParseFamily(args[index]) };
        }
        else if (option == "-4")
            options = options with { Family = IpFamily.Inet };
        else if (option == "-6")
            options = options with { Family = IpFamily.Inet6 };
        else if (option == "-0")
            options = options with { Family = IpFamily.Link };
        else if (IsOption(option, "-stats", "-statistics"))
            options = options with { Statistics = options.Statistics + 1 };
        else if (IsOption(option, "-details"))
            options = options with { Details = true };
        else if (IsOption(option, "-oneline"))
            options = options with { OneLine = true };
        else if (option.Length > 2 && IsOption(option, "-brief"))
            options = options with { Brief = true };
        else if (IsOption(option, "-Version"))
        {
            outcome.Out.Append("ip utility, iproute2-6.1.0\n");
            return true;
        }
        else if (option.Length > 2 && IsOption(option, "-help"))
            throw new ToolFailure(255, Usage);
        else if (IsOption(option, "-loops", "-human", "-human-readable", "-iec", "-resolve", "-timestamp", "-tshort", "-force", "-batch", "-json", "-pretty", "-rcvbuf", "-color", "-netns", "-Numeric", "-all", "-echo", "-M", "-B", "-I"))
            throw ArgumentReader.NotEmulated("ip " + option);
        else
            throw new ToolFailure(255, $"Option \"{option}\" is unknown, try \"ip -help\".");
        return false;
    }

    private static bool IsOption(string option, params ReadOnlySpan<string> names) => option.Length > 1 && ArgumentReader.MatchesAny(option, names);

    private static IpFamily ParseFamily(string word) => word switch
    {
        "inet" => IpFamily.Inet,
        "inet6" => IpFamily.Inet6,
        "link" => IpFamily.Link,
        _ => throw ArgumentReader.Wrong(word, "invalid protocol family\n"),
    };
}
