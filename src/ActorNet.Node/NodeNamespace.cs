using System.Collections.Immutable;
using ActorNet.Dataplane.Inspection;
using ActorNet.Netstack;
using ActorNet.Node.Actors;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Load;
using ActorNet.Workloads.Programs;
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

    internal NodeNamespace(string name, IActorRef owner, INamespaceControl control, NodeServices services, CancellationToken closed, ContainerPlace? place = null)
    {
        _place = place;
        _name = name;
        _owner = owner;
        _control = control;
        _services = services;
        _closed = closed;
    }

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
        var context = new ProgramContext
        {
            Stdin = stdin,
            Stdout = stdout,
            Stderr = stderr,
            Namespace = new ActorExecutor(_owner, _closed),
            Http = _services.Http,
            Time = _services.Time,
            HostName = _name,
            Environment = _place?.Environment ?? ImmutableDictionary<string, string>.Empty,
            Files = _place?.Files ?? ContainerFiles.Create(_name, null, Programs.Names, _services.Time),
            Control = _control,
            Cancellation = ct,
        };
        return Programs.RunAsync(context, command);
    }

    /// <summary>Runs work on the namespace's owner and returns its answer.</summary>
    /// <typeparam name="T">Answer.</typeparam>
    /// <param name="work">The work.</param>
    public Task<T> RunAsync<T>(Func<SocketLayer, T> work) => new ActorExecutor(_owner, _closed).RunAsync(work);

    /// <summary>Runs a program that lives in the namespace's turns: a load.</summary>
    /// <param name="program">The program.</param>
    public void Start(ITurnProgram program) => _owner.Tell(new NamespaceActor.AddProgram(program), ActorRefs.NoSender);
}
