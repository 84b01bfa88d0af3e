using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools.Tar;

/// <summary>tar, whose first word may be its options without a dash, and which has long options: both become short ones.</summary>
internal sealed class TarProgram : IProgram
{
    private static readonly Dictionary<string, string> Long = new(StringComparer.Ordinal)
    {
        ["--create"] = "-c",
        ["--extract"] = "-x",
        ["--list"] = "-t",
        ["--verbose"] = "-v",
        ["--to-stdout"] = "-O",
        ["--dereference"] = "-h",
        ["--gzip"] = "-z",
        ["--keep-old"] = "-k",
        ["--touch"] = "-m",
        ["--same-permissions"] = "-p",
        ["--no-same-permissions"] = "-N",
        ["--no-same-owner"] = "-o",
        ["--same-owner"] = "-s",
    };

    private readonly TarTool _tool = new();

    /// <inheritdoc/>
    public Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(args);
        string[] words = [.. args.Select(static word => Long.GetValueOrDefault(word, word))];
        if (words.Length > 0 && words[0].Length > 0 && words[0][0] != '-')
            words[0] = "-" + words[0];
        return _tool.RunAsync(context, words);
    }
}
