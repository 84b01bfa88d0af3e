using System.Text.RegularExpressions;

namespace ActorNet.Architecture.Tests;

/// <summary>
/// Nothing in src but fenced fast paths depends on Linux. A fence is a file whose types carry <c>[SupportedOSPlatform("linux")]</c>: the
/// analyzer CA1416, an error in every build, then refuses any use that is not behind <c>OperatingSystem.IsLinux()</c>.
/// </summary>
public sealed partial class LinuxFenceTests
{
    [Fact]
    public void Native_calls_and_the_kernels_files_are_used_inside_a_fence_only()
    {
        IEnumerable<string> findings =
            from file in Sources()
            where !IsFenced(File.ReadAllText(file))
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where IsLinuxOnly(line.Text) && !IsContainerPath(file, line.Text)
            select $"{Repository.Relative(file)}:{line.Number}: {line.Text.Trim()}; mark the type [SupportedOSPlatform(\"linux\")] or find a portable way";
        AssertNone(findings);
    }

    [Fact]
    public void A_folder_named_Linux_holds_fenced_files_only()
    {
        string[] files = [.. Sources().Where(file => Repository.Relative(file).Contains("/Linux/", StringComparison.Ordinal))];
        // The scan must see the uplink's fast path, or it sees nothing.
        Assert.Contains(files, file => Path.GetFileName(file) == "LinuxUnderlay.cs");
        AssertNone(files.Where(file => !IsFenced(File.ReadAllText(file))).Select(file => $"{Repository.Relative(file)} has no type with [SupportedOSPlatform(\"linux\")]"));
    }

    [Fact]
    public void Nobody_switches_the_platform_analyzer_off()
    {
        string[] settings = [Path.Combine(Repository.Root, ".editorconfig"), .. Directory.EnumerateFiles(Repository.Root, "*.props"), .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.props"), .. Repository.SourceProjects.Values.Select(project => project.Path)];
        AssertNone(settings.Concat(Sources()).Where(file => File.Exists(file) && File.ReadAllText(file).Contains("CA1416", StringComparison.Ordinal)).Select(Repository.Relative));
    }

    [Theory]
    [InlineData("    [LibraryImport(\"libc\", EntryPoint = \"sendmmsg\")]")]
    [InlineData("    [DllImport(\"libc\")]")]
    [InlineData("        return File.Exists(\"/proc/self/ns/net\");")]
    [InlineData("        return Directory.Exists($\"/proc/{pid}\");")]
    [InlineData("        string path = @\"/sys/class/net\";")]
    [InlineData("        socket.SetRawSocketOption(17, 103, value);")]
    public void The_scan_finds_what_only_Linux_has(string line) => Assert.True(IsLinuxOnly(line));

    [Theory]
    [InlineData("        // As /proc/net/dev has it.")]
    [InlineData("        api.MapGet(\"/status\", Status);")]
    [InlineData("        return OperatingSystem.IsLinux();")]
    public void The_scan_leaves_portable_code_alone(string line) => Assert.False(IsLinuxOnly(line));

    private static IEnumerable<string> Sources() => Repository.SourceProjects.Keys.SelectMany(Repository.SourceFiles);

    private static bool IsFenced(string text) => FencedType().IsMatch(text);

    private static bool IsLinuxOnly(string line) => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && LinuxOnly().IsMatch(line);

    // What runs in pods sees the emulated container's file tree, never the machine's: a path there is no use of the kernel's files.
    private static bool IsContainerPath(string file, string line) =>
        (Repository.Relative(file).StartsWith("src/ActorNet.Workloads/", StringComparison.Ordinal)
            || Repository.Relative(file).StartsWith("src/ActorNet.Kubernetes/Kinds/", StringComparison.Ordinal))
        && !NativeCall().IsMatch(line);

    private static void AssertNone(IEnumerable<string> findings)
    {
        string all = string.Join('\n', findings);
        Assert.True(all.Length == 0, all);
    }

    // Before a top-level type: at the beginning of a line.
    [GeneratedRegex(@"^\[SupportedOSPlatform\(""linux""\)\]\r?\n(\[.*\]\r?\n)*(public|internal) ", RegexOptions.Multiline)]
    private static partial Regex FencedType();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\b|\b[SG]etRawSocketOption\b")]
    private static partial Regex NativeCall();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\b|""/(proc|sys|dev|run)/|\b[SG]etRawSocketOption\b")]
    private static partial Regex LinuxOnly();
}
