using System.Diagnostics;
using System.Xml.Linq;

namespace ActorNet.Architecture.Tests;

/// <summary>The source tree that these tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds ActorNet.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The projects under src, by name, with the names of the projects and packages that each refers to itself.</summary>
    public static IReadOnlyDictionary<string, Project> SourceProjects { get; } = Read("src");

    /// <summary>The projects under tests.</summary>
    public static IReadOnlyDictionary<string, Project> TestProjects { get; } = Read("tests");

    /// <summary>The C# files of a project under src, without what the compiler generates.</summary>
    public static IEnumerable<string> SourceFiles(string project)
    {
        string folder = Path.Combine(Root, "src", project);
        return Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar)[0].Equals("obj", StringComparison.Ordinal));
    }

    /// <summary>A path as messages show it: from the root, with forward slashes.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>The files that git tracks, as full paths; skips where the tree is no clone (a source archive), except with CI=true.</summary>
    public static IReadOnlyList<string> TrackedFiles()
    {
        // In a worktree .git is a file.
        if (!Path.Exists(Path.Combine(Root, ".git")))
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "CI=true, but the tree is no git clone, so its files are unknown");
            Assert.Skip("The tree is no git clone, so which files are tracked is unknown.");
        }
        using Process git = Process.Start(new ProcessStartInfo("git", ["-c", "safe.directory=*", "-C", Root, "ls-files", "-z"]) { RedirectStandardOutput = true })!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(path => Path.Combine(Root, path)).Where(File.Exists)];
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ActorNet.sln")))
                return folder.FullName;
        }
        throw new InvalidOperationException($"no ActorNet.sln above {AppContext.BaseDirectory}: run these tests from a build inside the repository");
    }

    private static Dictionary<string, Project> Read(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories)
            .Select(Project.Read)
            .ToDictionary(project => project.Name, StringComparer.Ordinal);
}

/// <summary>What a project file says.</summary>
/// <param name="Name">The file's name without its ending.</param>
/// <param name="Path">The full path of the file.</param>
/// <param name="References">Names of the projects that it refers to.</param>
/// <param name="Packages">Names of the packages that it refers to.</param>
public sealed record Project(string Name, string Path, IReadOnlySet<string> References, IReadOnlySet<string> Packages)
{
    /// <summary>Reads a project file.</summary>
    public static Project Read(string path)
    {
        var xml = XDocument.Load(path);
        return new Project(NameOf(path), path,
            Includes(xml, "ProjectReference").Select(NameOf).ToHashSet(StringComparer.Ordinal),
            Includes(xml, "PackageReference").ToHashSet(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Includes(XDocument xml, string element) =>
        xml.Descendants(element).Select(each => each.Attribute("Include")?.Value).OfType<string>();

    private static string NameOf(string path) => System.IO.Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));
}
