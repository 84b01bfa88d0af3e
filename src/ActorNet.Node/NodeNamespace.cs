using System.Collections.Immutable;
using ActorNet.Dataplane.Inspection;
using ActorNet.Netstack;
using ActorNet.Node.Actors;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Sockets.Kestrel;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Load;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Streams;
using Akka.Actor;

namespace ActorNet.Node;

/// <summary>A namespace in which commands run: a pod's or the node's root.</summary>
public sealed class NodeNamespace
{
    private static readonly ProgramTable Programs = ProgramTable.CreateDefault();

    private readonly string _name;
    private readonly IActorRef _owner;
    private readonly INamespaceControl _control;
    private readonly NodeServices _services;
    private readonly ContainerPlace? _place;
    private readonly CancellationToken _closed;
    private readonly CancellationToken? _gone;

    internal NodeNamespace(string name, IActorRef owner, INamespaceControl control, NodeServices services, CancellationToken closed, ContainerPlace? place = null, CancellationToken? gone = null)
    {
        _place = place;
        _name = name;
        _owner = owner;
        _control = control;
        _services = services;
        _closed = closed;
        _gone = gone;
    }

    /// <summary>The door to its owner's turns, for sockets.</summary>
    public INamespaceExecutor Executor => new ActorExecutor(_owner, _closed, _gone);

    /// <summary>The process's HTTP server for pods.</summary>
    public PodHttpServer Http => _services.Http;

    private ImmutableDictionary<string, string> Environment => _place?.Environment ?? ImmutableDictionary<string, string>.Empty;

    private FileTree Files => _place?.Files ?? ContainerFiles.Create(_name, null, Programs.Names, _services.Time);

    /// <summary>Runs a command as a container runtime finds it: a program by its name.</summary>
    /// <param name="command">Name and arguments.</param>
    /// <param name="stdin">Standard input.</param>
    /// <param name="stdout">Standard output.</param>
    /// <param name="stderr">Standard error.</param>
    /// <param name="ct">Interrupts it, as SIGINT would.</param>
    /// <returns>Its exit code; 127 for an unknown command.</returns>
    public Task<int> RunAsync(IReadOnlyList<string> command, TextReader stdin, TextWriter stdout, TextWriter stderr, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Programs.RunAsync(
            new ProgramContext
            {
                Stdin = stdin,
                Stdout = stdout,
                Stderr = stderr,
                Namespace = Executor,
                Http = _services.Http,
                Time = _services.Time,
                HostName = _name,
                Environment = Environment,
                Files = Files,
                Control = _control,
                Cancellation = ct,
            },
            command);
    }

    /// <summary>Runs a command over streams of bytes.</summary>
    /// <param name="command">Name and arguments.</param>
    /// <param name="stdin">Standard input; its end is the end of file.</param>
    /// <param name="stdout">Standard output; a write that waits holds the command back.</param>
    /// <param name="stderr">Standard error.</param>
    /// <param name="terminal">The terminal that the streams belong to, or null.</param>
    /// <param name="ct">Ends it, as SIGHUP would.</param>
    /// <returns>Its exit code; 127 for an unknown command.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> command, Stream stdin, Stream stdout, Stream stderr, Terminal? terminal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(command);
        var context = new ProgramContext
        {
            Input = stdin,
            Output = stdout,
            Error = stderr,
            Terminal = terminal,
            Namespace = Executor,
            Http = _services.Http,
            Time = _services.Time,
            HostName = _name,
            Environment = Environment,
            Files = Files,
            Control = _control,
            Cancellation = ct,
        };
        // A program that waits for nothing must not keep the caller's thread.
        int exit = await Task.Run(() => Programs.RunAsync(context, command), CancellationToken.None).ConfigureAwait(false);
        await context.Stdout.FlushAsync(ct).ConfigureAwait(false);
        await context.Stderr.FlushAsync(ct).ConfigureAwait(false);
        return exit;
    }

    /// <summary>Whether the container that was asked for runs.</summary>
    internal bool IsRunning { get; init; }

    /// <summary>The standard streams of the container's own program; null where it does not run, and for the node.</summary>
    internal ContainerConsole? Console => IsRunning ? _place?.Console : null;

    /// <summary>Connects to a TCP port from inside the namespace.</summary>
    /// <param name="address">Address.</param>
    /// <param name="port">Port.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="System.Net.Sockets.SocketException">It failed; the code says why.</exception>
    public Task<TcpStream> ConnectAsync(Ipv4Address address, int port, CancellationToken ct) =>
        TcpConnector.OpenStreamAsync(Executor, new Ipv4Endpoint(address, (ushort)port), cancellationToken: ct);

    /// <summary>Runs work on the namespace's owner and returns its answer.</summary>
    /// <typeparam name="T">Answer.</typeparam>
    /// <param name="work">The work.</param>
    public Task<T> RunAsync<T>(Func<SocketLayer, T> work) => Executor.RunAsync(work);

    /// <summary>Runs a program that lives in the namespace's turns: a load.</summary>
    /// <param name="program">The program.</param>
    public void Start(ITurnProgram program) => _owner.Tell(new NamespaceActor.AddProgram(program), ActorRefs.NoSender);
}
