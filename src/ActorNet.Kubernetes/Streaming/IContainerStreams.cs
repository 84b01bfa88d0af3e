using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Kubernetes.Streaming;

/// <summary>Writes a log to a stream, each time as much as there is, until its end or the caller's.</summary>
/// <param name="output">Where to.</param>
/// <param name="cancel">Ends it.</param>
public delegate Task LogCopy(Stream output, CancellationToken cancel);

/// <summary>
/// Streams of the containers on one host: what a kubelet serves as containerLogs, exec, attach and portForward. Nothing here waits on a thread.
/// </summary>
/// <remarks>A refusal is an <see cref="ApiException"/> with the kubelet's words, thrown before any byte flows.</remarks>
public interface IContainerStreams
{
    /// <summary>The host's pods as API objects (the kubelet's /pods).</summary>
    /// <param name="cancel">Cancellation.</param>
    Task<IReadOnlyList<V1Pod>> ListPodsAsync(CancellationToken cancel);

    /// <summary>Opens a container's log.</summary>
    /// <param name="container">The container.</param>
    /// <param name="request">What is wanted of it.</param>
    /// <param name="cancel">Cancellation of the opening.</param>
    /// <exception cref="ApiException">404: no such pod or container here; 400: it has no such log.</exception>
    Task<LogCopy> OpenLogAsync(ContainerAddress container, LogRequest request, CancellationToken cancel);

    /// <summary>Makes a command ready that runs beside a container's own program, with its files and environment.</summary>
    /// <param name="container">The container, which must run.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="hasTerminal">Whether it runs on a terminal: its standard error then is its standard output.</param>
    /// <param name="cancel">Cancellation of the preparation.</param>
    /// <exception cref="ApiException">No such pod here, or the container does not run.</exception>
    Task<IContainerProcess> PrepareExecAsync(ContainerAddress container, IReadOnlyList<string> command, bool hasTerminal, CancellationToken cancel);

    /// <summary>Makes ready to attach to a container's own program: what it writes from now on, and its standard input where its manifest has one.</summary>
    /// <param name="container">The container, which must run.</param>
    /// <param name="cancel">Cancellation of the preparation.</param>
    /// <exception cref="ApiException">No such pod here, or the container does not run.</exception>
    Task<IContainerProcess> PrepareAttachAsync(ContainerAddress container, CancellationToken cancel);

    /// <summary>Connects to a port of a pod from inside its own namespace, over lo.</summary>
    /// <param name="space">The pod's namespace.</param>
    /// <param name="pod">The pod's name.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ApiException">No such pod here.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The pod's TCP says no.</exception>
    Task<IPodConnection> ConnectAsync(string space, string pod, int port, CancellationToken cancel);
}

/// <summary>A program of a container with its standard streams not yet connected.</summary>
public interface IContainerProcess
{
    /// <summary>Runs it, or stays attached to it, until it ends.</summary>
    /// <param name="stdin">What it reads; its end is the program's end of file.</param>
    /// <param name="stdout">Takes what it writes; a full one holds the program back.</param>
    /// <param name="stderr">Takes its standard error.</param>
    /// <param name="hangUp">The caller is gone: the program is ended, an attachment is left.</param>
    /// <returns>The exit code; 0 for an attachment.</returns>
    Task<int> RunAsync(Stream stdin, Stream stdout, Stream stderr, CancellationToken hangUp);

    /// <summary>Tells it the size of its terminal's window; nothing without a terminal.</summary>
    /// <param name="size">The size.</param>
    void Resize(TerminalSize size);
}

/// <summary>A TCP connection into a pod.</summary>
public interface IPodConnection : IAsyncDisposable
{
    /// <summary>The bytes both ways.</summary>
    Stream Data { get; }

    /// <summary>Ends sending: a FIN goes out behind what is queued; reading goes on.</summary>
    ValueTask EndSendingAsync();
}
