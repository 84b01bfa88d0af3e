using System.Text.Json;
using System.Text.RegularExpressions;

namespace ActorNet.Architecture.Tests;

/// <summary>What holds for the tree as a whole.</summary>
public sealed partial class RepositoryTests
{
    /// <summary>Test projects that start processes, need root or Docker, or measure: they stay out of Fast.slnf.</summary>
    private static readonly string[] NotFast =
        ["ActorNet.Interop.Tests", "ActorNet.Processes.Tests", "ActorNet.Deploy.Tests", "ActorNet.Benchmarks"];

    // Paths of someone's machine, put together so that this file does not hold them.
    private static readonly Regex MachinePath = new(
        string.Join('|', "/tmp" + "/wt", "/work" + "/(main|shared)", "/home" + "/[a-z]", "/Users" + "/[A-Za-z]", "/root" + "/", @"[A-Z]:\\" + "Users"));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        IReadOnlySet<string> listed = ProjectsIn(File.ReadAllText(Path.Combine(Repository.Root, "ActorNet.sln")));
        string[] exist = [.. Repository.SourceProjects.Values.Concat(Repository.TestProjects.Values).Select(project => Repository.Relative(project.Path))];
        Assert.Equal(exist.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_source_project_has_a_test_project()
    {
        Assert.Empty(Repository.SourceProjects.Keys.Select(name => $"{name}.Tests").Except(Repository.TestProjects.Keys));
    }

    [Fact]
    public void The_fast_filter_holds_every_test_project_but_those_with_processes_root_or_Docker()
    {
        using var filter = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Fast.slnf")));
        JsonElement solution = filter.RootElement.GetProperty("solution");
        IEnumerable<string> fast = solution.GetProperty("projects").EnumerateArray()
            .Select(each => each.GetString()!.Replace('\\', '/'));

        IEnumerable<string> expected = Repository.TestProjects.Values
            .Where(project => !NotFast.Contains(project.Name))
            .Select(project => Repository.Relative(project.Path));
        Assert.Equal(@"..\ActorNet.sln", solution.GetProperty("path").GetString());
        Assert.Equal(expected.Order(StringComparer.Ordinal), fast.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_tracked_file_holds_a_path_of_someones_machine()
    {
        IEnumerable<string> findings =
            from file in Repository.TrackedFiles()
            where !IsBinary(file)
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where MachinePath.IsMatch(line.Text)
            select $"{Repository.Relative(file)}:{line.Number}: {line.Text.Trim()}";
        Assert.Empty(findings);
    }

    [Fact]
    public void Every_project_has_a_tracked_lock_file()
    {
        HashSet<string> tracked = Repository.TrackedFiles().Select(Repository.Relative).ToHashSet(StringComparer.Ordinal);
        IEnumerable<string> expected = Repository.SourceProjects.Values.Concat(Repository.TestProjects.Values)
            .Select(project => Repository.Relative(Path.Combine(Path.GetDirectoryName(project.Path)!, "packages.lock.json")));
        Assert.Empty(expected.Except(tracked));
    }

    [Fact]
    public void No_namespace_or_folder_is_a_drawer()
    {
        string[] drawers = ["Common", "Utils", "Util", "Utilities", "Helpers", "Helper", "Misc"];
        IEnumerable<string> findings = Repository.TrackedFiles().Select(Repository.Relative)
            .Where(path => path.Split('/', '.').Any(part => drawers.Contains(part, StringComparer.OrdinalIgnoreCase)));
        Assert.Empty(findings);
    }

    [Fact]
    public void The_readme_has_the_test_command_that_continuous_integration_runs()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        Assert.Single(TestCommand().Matches(readme));
    }

    private static HashSet<string> ProjectsIn(string solution) =>
        ProjectPath().Matches(solution).Select(match => match.Groups[1].Value.Replace('\\', '/')).ToHashSet(StringComparer.Ordinal);

    /// <summary>A file with a zero byte in its first 8,000 is no text, as git decides it (xdiff-interface.c buffer_is_binary).</summary>
    private static bool IsBinary(string file)
    {
        using FileStream stream = File.OpenRead(file);
        byte[] head = new byte[8_000];
        int length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return head.AsSpan(0, length).Contains((byte)0);
    }

    [GeneratedRegex("\"([^\"]+\\.csproj)\"")]
    private static partial Regex ProjectPath();

    [GeneratedRegex(@"(?m)^dotnet test( .*)?\r?$")]
    private static partial Regex TestCommand();
}
