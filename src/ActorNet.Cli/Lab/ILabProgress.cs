namespace ActorNet.Cli.Lab;

/// <summary>Hears how a lab comes to life.</summary>
internal interface ILabProgress
{
    /// <summary>A host has come to a state.</summary>
    /// <param name="host">Node name.</param>
    /// <param name="state">The state, in a few words.</param>
    void Tell(string host, string state);
}
