using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>`bridge` of iproute2 6.1: forwarding entries and ports. The tool's only failure code is 255.</summary>
public sealed class BridgeTool : IInspectionTool
{
    private const string Usage =
        "Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }\n" +
        "where  OBJECT := { link | fdb }\n" +
        "       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] }";

    /// <inheritdoc/>
    public string Name => "bridge";

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
            string word = args[index].StartsWith("--", StringComparison.Ordinal) ? args[index][1..] : args[index];
            if (word.Length > 1 && ArgumentReader.Matches(word, "-Version"))
            {
                outcome.Out.Append("bridge utility, 6.1.0\n");
                return Task.FromResult(0);
            }

            options = ParseOption(word, options);
        }

        if (index == args.Count)
            throw new ToolFailure(255, Usage);
        string name = args[index];
        var reader = new ArgumentReader(args, index + 1);
        if (ArgumentReader.Matches(name, "link"))
            return BridgeLinkCommand.RunAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(name, "fdb"))
            return BridgeFdbCommand.RunAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(name, "mdb", "vlan", "vni", "monitor"))
            throw ArgumentReader.NotEmulated("bridge " + name);
        throw ArgumentReader.Matches(name, "help")
            ? new ToolFailure(255, Usage)
            : new ToolFailure(255, $"Object \"{name}\" is unknown, try \"bridge help\".");
    }

    private static IpOptions ParseOption(string word, IpOptions options)
    {
        if (word.Length > 1 && ArgumentReader.MatchesAny(word, "-stats", "-statistics"))
            return options with { Statistics = options.Statistics + 1 };
        if (word.Length > 1 && ArgumentReader.Matches(word, "-details"))
            return options with { Details = true };
        if (ArgumentReader.Matches(word, "-help"))
            throw new ToolFailure(255, Usage);
        if (word.Length > 1 && ArgumentReader.MatchesAny(word, "-oneline", "-timestamp", "-family", "-netns", "-color", "-compressvlans", "-force", "-json", "-pretty", "-batch"))
            throw ArgumentReader.NotEmulated("bridge " + word);
        throw new ToolFailure(255, $"Option \"{word}\" is unknown, try \"bridge help\".");
    }
}
