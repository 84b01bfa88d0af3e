using System.IO.Pipelines;
using ActorNet.Netstack;

namespace ActorNet.Sockets;

/// <summary>Runs the continuations of a pipe in the turns of a namespace's owner, so that whoever waits for the pipe there may touch sockets.</summary>
/// <param name="executor">The namespace's door.</param>
internal sealed class OwnerScheduler(INamespaceExecutor executor) : PipeScheduler
{
    /// <inheritdoc/>
    public override void Schedule(Action<object?> action, object? state) => executor.Post(_ => action(state));
}
