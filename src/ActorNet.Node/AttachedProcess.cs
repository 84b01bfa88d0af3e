using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using ActorNet.Workloads.Streams;

namespace ActorNet.Node;

/// <summary>A container's own program, to which somebody is attached.</summary>
/// <param name="console">Its standard streams.</param>
internal sealed class AttachedProcess(ContainerConsole console) : IContainerProcess
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(Stream stdin, Stream stdout, Stream stderr, CancellationToken hangUp) =>
        await console.AttachAsync(stdin, stdout, stderr, hangUp).ConfigureAwait(false)
            ? 0
            : throw ApiErrors.Internal("the attached reader fell behind what the container writes and was let go; attach again, or read the log");

    /// <inheritdoc/>
    public void Resize(TerminalSize size)
    {
        if (console.Terminal is { } terminal)
            terminal.Size = (size.Columns, size.Rows);
    }
}
