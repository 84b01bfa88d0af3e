namespace ActorNet.Workloads.Programs;

/// <summary>A program that runs in a namespace: what a container's command or an exec names.</summary>
public interface IProgram
{
    /// <summary>Runs until it ends by itself or is cancelled.</summary>
    /// <param name="context">Streams, sockets, time, names.</param>
    /// <param name="args">Arguments behind the program's name.</param>
    /// <returns>The exit code.</returns>
    Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args);
}
