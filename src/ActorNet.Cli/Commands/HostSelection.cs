using System.CommandLine;
using ActorNet.Cli.Client;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Commands;

/// <summary>--state-dir and --name of the commands that talk to running hosts: a host's own directory, or a lab's.</summary>
internal sealed class HostSelection
{
    /// <summary>--state-dir.</summary>
    public Option<string> StateDirectory { get; } = new("--state-dir")
    {
        Description = "Directory of a host, or of a lab with a sub-directory per host, or that holds labs. Example: --state-dir ./lab",
        DefaultValueFactory = _ => RootCommandFactory.DefaultStateDirectory,
        HelpName = "DIR",
    };

    /// <summary>--name.</summary>
    public Option<string?> Lab { get; } = new("--name")
    {
        Description = $"The lab that `actornet up` started in --state-dir. Default: what is in --state-dir itself, else {LabDirectory.DefaultName}",
        HelpName = "LAB",
    };

    /// <summary>The directory to find the hosts in.</summary>
    /// <param name="result">What was parsed.</param>
    public string DirectoryOf(ParseResult result)
    {
        string parent = result.GetValue(StateDirectory)!;
        if (result.GetValue(Lab) is { } named)
            return new LabDirectory(parent, named).Root;
        var usual = new LabDirectory(parent, LabDirectory.DefaultName);
        return HostClient.SocketsIn(parent).Count == 0 && Directory.Exists(usual.Root) ? usual.Root : parent;
    }
}
