namespace ActorNet.Cli.Lab;

/// <summary>How the hosts of a lab run.</summary>
/// <param name="Outlives">Whether they go on when the command ends.</param>
/// <param name="Store">Where the API's objects are, as --store of a host.</param>
/// <param name="Keeps">Whether what the lab holds stays when it ends.</param>
internal sealed record LabManner(bool Outlives, string Store, bool Keeps)
{
    /// <summary>Options that every host is given as they are: how it logs, and where it sends counters and spans.</summary>
    public IReadOnlyList<string> Passed { get; init; } = [];
}
