using System.Collections.Immutable;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Node.Actors;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Logs;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Streams;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node.Pods;

/// <summary>One run of a container: its program, files, log, and the two signals that it can be sent.</summary>
internal sealed class RunningContainer
{
    private static readonly ProgramTable Programs = ProgramTable.CreateDefault();

    // terminationMessagePath is read up to 4096 bytes, the log up to 2048 bytes and 80 lines (kubernetes pkg/kubelet/container/runtime.go).
    private const int MostMessage = 4096;
    private const int MostLog = 2048;
    private const int MostLogLines = 80;

    // Never disposed: they have no timer, and they are cancelled on other threads.
    private readonly CancellationTokenSource _terminated = new();
    private readonly CancellationTokenSource _killed = new();
    // Done when everything that the program has open has been told to close.
    private readonly Lazy<Task> _closing;
    private readonly V1Container _spec;
    private volatile bool _isOver;

    public RunningContainer(V1Container spec, int instance, string id, ContainerPlace place)
    {
        _spec = spec;
        _closing = new Lazy<Task>(_killed.CancelAsync);
        Instance = instance;
        Id = id;
        Place = place;
    }

    public int Instance { get; }

    /// <summary>containerID of the run.</summary>
    public string Id { get; }

    public ContainerPlace Place { get; }

    /// <summary>Whether its program has ended.</summary>
    public bool IsOver => _isOver;

    /// <summary>SIGKILL has come, or its network is gone.</summary>
    public CancellationToken Killed => _killed.Token;

    /// <summary>Runs the program; done when it ended, or at once when it is killed.</summary>
    /// <param name="command">The command and its arguments.</param>
    /// <param name="owner">Owner of the pod's namespace.</param>
    /// <param name="control">What shows the pod's devices.</param>
    /// <param name="hostName">The pod's name.</param>
    /// <param name="services">What the node's actors share.</param>
    /// <param name="gone">Cancelled when the namespace is gone.</param>
    /// <returns>Exit code.</returns>
    public async Task<int> RunAsync(ImmutableArray<string> command, IActorRef owner, INamespaceControl control, string hostName, NodeServices services, CancellationToken gone)
    {
        ContainerConsole console = Place.Console;
        if (console.Terminal is { } terminal)
            terminal.Interrupted = Terminate;
        var context = new ProgramContext
        {
            Input = console.Input,
            Output = console.Output,
            Error = console.Error,
            Terminal = console.Terminal,
            Namespace = new ActorExecutor(owner, _killed.Token, gone),
            Http = services.Http,
            Time = services.Time,
            HostName = hostName,
            Files = Place.Files,
            Environment = Place.Environment,
            WorkingDirectory = string.IsNullOrEmpty(_spec.WorkingDir) ? "/" : _spec.WorkingDir,
            Control = control,
            Cancellation = _terminated.Token,
        };
        try
        {
            int exit = await Programs.RunAsync(context, command).WaitAsync(_killed.Token).ConfigureAwait(false);
            // What it wrote as text and did not end with a line.
            await context.Stdout.FlushAsync(_killed.Token).ConfigureAwait(false);
            await context.Stderr.FlushAsync(_killed.Token).ConfigureAwait(false);
            // A program that gives up because its sockets are gone was killed.
            return _killed.IsCancellationRequested ? ProgramTable.KilledExitCode : exit;
        }
        catch (OperationCanceledException)
        {
            return ProgramTable.KilledExitCode;
        }
        finally
        {
            Close();
            // As a kernel does at the end of a process, killed or not: what it left open is closed, before the next run begins and before the network goes.
            await _closing.Value.ConfigureAwait(false);
        }
    }

    /// <summary>It runs no more, or was never started: its log and its streams are complete.</summary>
    public void Close()
    {
        _isOver = true;
        Place.Log.Complete();
        Place.Console.Complete();
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate() => _ = _terminated.CancelAsync();

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _ = _closing.Value;
        _ = _terminated.CancelAsync();
    }

    /// <summary>What it left as its termination message, or null.</summary>
    /// <param name="exitCode">Its exit code.</param>
    public async Task<string?> MessageAsync(int exitCode)
    {
        string path = KubeletFiles.MessagePath(_spec);
        if (Place.Files.TryStat(path, out FileStatus status) && !status.IsDirectory)
        {
            Stream file = Place.Files.OpenRead(path);
            await using (file.ConfigureAwait(false))
            {
                byte[] bytes = new byte[MostMessage];
                int count = await file.ReadAtLeastAsync(bytes, MostMessage, throwOnEndOfStream: false).ConfigureAwait(false);
                if (count > 0)
                    return Encoding.UTF8.GetString(bytes, 0, count);
            }
        }

        if (exitCode == 0 || _spec.TerminationMessagePolicy != "FallbackToLogsOnError")
            return null;
        var tail = new MemoryStream();
        await Place.Log.CopyToAsync(tail, new ContainerLogOptions { TailLines = MostLogLines }, CancellationToken.None).ConfigureAwait(false);
        byte[] text = tail.ToArray();
        return Encoding.UTF8.GetString(text.AsSpan(Math.Max(0, text.Length - MostLog)));
    }
}
