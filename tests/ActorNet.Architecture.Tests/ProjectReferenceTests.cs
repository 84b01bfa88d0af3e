using System.Text.Json;

namespace ActorNet.Architecture.Tests;

/// <summary>The direction of the arrows between projects: what is not in the table may not be.</summary>
public sealed class ProjectReferenceTests
{
    /// <summary>
    /// From each project the projects that it may refer to. Packets is the ground floor; Dataplane, Netstack and Kubernetes with it are the
    /// core; the rest is the shell. Node and Cluster never see each other, and only Cli sees everything.
    /// </summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["ActorNet.Packets"] = [],
        ["ActorNet.Dataplane"] = ["ActorNet.Packets"],
        ["ActorNet.Netstack"] = ["ActorNet.Dataplane"],
        ["ActorNet.Kubernetes"] = ["ActorNet.Dataplane"],
        ["ActorNet.Sockets"] = ["ActorNet.Netstack"],
        // Netstack only until ActorNet.Sockets exists, see Workloads_leave_Netstack_once_Sockets_exists.
        ["ActorNet.Workloads"] = ["ActorNet.Sockets", "ActorNet.Netstack"],
        ["ActorNet.Node"] =
            ["ActorNet.Packets", "ActorNet.Dataplane", "ActorNet.Netstack", "ActorNet.Kubernetes", "ActorNet.Sockets", "ActorNet.Workloads"],
        ["ActorNet.Cluster"] = ["ActorNet.Kubernetes"],
        ["ActorNet.ApiServer"] = ["ActorNet.Kubernetes", "ActorNet.Cluster"],
        ["ActorNet.Scenarios"] = ["ActorNet.Kubernetes"],
        ["ActorNet.Cli"] =
        [
            "ActorNet.Packets", "ActorNet.Dataplane", "ActorNet.Netstack", "ActorNet.Kubernetes", "ActorNet.Sockets", "ActorNet.Workloads",
            "ActorNet.Node", "ActorNet.Cluster", "ActorNet.ApiServer", "ActorNet.Scenarios",
        ],
    };

    /// <summary>The projects without Akka, threads, sockets, clocks and static mutable state.</summary>
    public static readonly string[] Core = ["ActorNet.Packets", "ActorNet.Dataplane", "ActorNet.Netstack", "ActorNet.Kubernetes"];

    [Fact]
    public void Every_project_is_in_the_table()
    {
        Assert.Empty(Repository.SourceProjects.Keys.Except(Allowed.Keys));
        // Reading nothing must not pass.
        Assert.Subset(Repository.SourceProjects.Keys.ToHashSet(), Core.ToHashSet());
    }

    [Fact]
    public void No_project_refers_to_one_that_the_table_does_not_allow()
    {
        IEnumerable<string> forbidden =
            from project in Repository.SourceProjects.Values
            from reference in project.References
            where !Allowed.GetValueOrDefault(project.Name, []).Contains(reference)
            select $"{project.Name} -> {reference}";
        Assert.Empty(forbidden);
    }

    [Fact]
    public void Workloads_leave_Netstack_once_Sockets_exists()
    {
        if (Repository.SourceProjects.ContainsKey("ActorNet.Sockets"))
            Assert.DoesNotContain("ActorNet.Netstack", Repository.SourceProjects["ActorNet.Workloads"].References);
        else
            Assert.DoesNotContain("ActorNet.Sockets", Repository.SourceProjects["ActorNet.Workloads"].References);
    }

    [Fact]
    public void Neither_the_core_nor_what_it_brings_along_is_Akka()
    {
        foreach (string name in Core)
        {
            Project project = Repository.SourceProjects[name];
            Assert.DoesNotContain(project.Packages, IsAkka);
            // The lock file also holds what the packages refer to in their turn.
            using var locked = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(project.Path)!, "packages.lock.json")));
            IEnumerable<string> packages = locked.RootElement.GetProperty("dependencies").EnumerateObject()
                .SelectMany(framework => framework.Value.EnumerateObject().Select(package => package.Name));
            Assert.DoesNotContain(packages, IsAkka);
        }
    }

    private static bool IsAkka(string package) =>
        package.Equals("Akka", StringComparison.OrdinalIgnoreCase) || package.StartsWith("Akka.", StringComparison.OrdinalIgnoreCase);
}
