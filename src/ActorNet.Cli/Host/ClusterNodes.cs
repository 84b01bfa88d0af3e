using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using ActorNet.Cluster;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Nodes;
using ActorNet.Kubernetes.Nodes;
using Akka.Actor;
using k8s;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>What the cluster looks like from this host.</summary>
/// <param name="State">up, or cut off.</param>
/// <param name="Members">Names of all members.</param>
/// <param name="Unreachable">Those that cannot be reached.</param>
/// <param name="RegistryHost">Where the registry runs, or null.</param>
/// <param name="HeartbeatWarnings">Heartbeats sent late by this host.</param>
internal sealed record ClusterStatus(string State, IReadOnlyList<string> Members, IReadOnlyList<string> Unreachable, string? RegistryHost, long HeartbeatWarnings);

/// <summary>The cluster's Nodes for this host: joins, registers, follows, and goes on with what it last heard while the host is cut off.</summary>
internal sealed class ClusterNodes : IAsyncDisposable
{
    private static readonly TimeSpan AgentPatience = TimeSpan.FromSeconds(3);

    private readonly ControlSupervisor _supervisor;
    private readonly NodeDirectory _directory;
    private readonly string _host;
    private readonly ActorSystem _node;
    private readonly Lock _lock = new();
    private Action<ImmutableArray<V1Node>>? _follower;

    private ClusterNodes(HostOptions options, ControlOptions control, ActorSystem node)
    {
        _host = options.Name;
        _node = node;
        _directory = new NodeDirectory(options.Name, () => new PodCidrAllocator(options.ClusterCidr), _ => Deliver());
        _supervisor = new ControlSupervisor(control, attach: Attach);
        Faults = new ControlFaults(_supervisor.Links, TimeProvider.System);
        _supervisor.Lost += reason => Console.WriteLine($"{options.Name}: lost the cluster ({reason}); pods and tunnels go on with what was last heard, and the host joins again by itself");
        _supervisor.Rejoined += _ => Console.WriteLine($"{options.Name}: back in the cluster");
    }

    /// <summary>The faults of this host's control links.</summary>
    public ControlFaults Faults { get; }

    /// <summary>Every Node this host knows.</summary>
    public ImmutableArray<V1Node> Nodes => [.. _directory.Nodes.Values.Select(json => KubernetesJson.Deserialize<V1Node>(Encoding.UTF8.GetString(json)))];

    /// <summary>What the cluster looks like now.</summary>
    public ClusterStatus Status
    {
        get
        {
            if (_supervisor.Current is not { } current)
                return new ClusterStatus("cut off", [], [], null, 0);
            ControlSnapshot snapshot = current.Snapshot;
            return new ClusterStatus("up", [.. snapshot.Members.Select(m => m.Name)], [.. snapshot.Unreachable], snapshot.SingletonHost, current.LateHeartbeats);
        }
    }

    /// <summary>Starts the control system and joins, or forms the cluster.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="node">The `node` actor system, which the host's agent shows to others.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="ControlStartException">It did not work; the message says why.</exception>
    public static async Task<ClusterNodes> StartAsync(HostOptions options, ActorSystem node, CancellationToken ct)
    {
        var nodes = new ClusterNodes(options, new ControlOptions
        {
            HostName = options.Name,
            BindAddress = options.Address.ToString(),
            Port = options.ControlPort,
            Seeds = options.Join is { } seed ? [Endpoint(seed)] : [],
            MayForm = options.Init,
            Profile = options.Profile == "lab" ? ControlProfile.Lab : ControlProfile.Kubernetes,
        }, node);
        try
        {
            await nodes._supervisor.StartAsync(ct).ConfigureAwait(false);
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The actors of this host and of every other that answers, by name.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<HostActors[]> ActorsAsync(CancellationToken ct)
    {
        ControlSystem? control = _supervisor.Current;
        IEnumerable<string> others = control?.Snapshot.Members.Select(m => m.Name).Where(n => n != _host) ?? [];
        byte[]?[] answers = await Task.WhenAll(others.Select(n => control!.DescribeAsync(n, AgentPatience, ct))).ConfigureAwait(false);
        return [.. answers.OfType<byte[]>().Select(a => JsonSerializer.Deserialize<HostActors>(a)!).Append(OwnActors(control)).OrderBy(h => h.Host, StringComparer.Ordinal)];
    }

    /// <summary>Registers the node that this host runs.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The Node with its subnet.</returns>
    /// <exception cref="UsageException">The registry refused.</exception>
    public Task<V1Node> RegisterAsync(V1Node node, CancellationToken ct) => RequestAsync(() => _directory.RegisterAsync(node, own: true, ct));

    /// <summary>Applies a Node that no host of ours runs.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">The registry refused.</exception>
    public Task<V1Node> ApplyAsync(V1Node node, CancellationToken ct) => RequestAsync(() => _directory.RegisterAsync(node, own: false, ct));

    /// <summary>Deletes a Node.</summary>
    /// <param name="name">Name.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">The registry refused.</exception>
    public Task DeleteAsync(string name, CancellationToken ct) => RequestAsync(async () =>
    {
        await _directory.DeleteAsync(name, ct).ConfigureAwait(false);
        return true;
    });

    /// <summary>Hands every state of the Nodes to a follower, the present one first.</summary>
    /// <param name="follower">Gets all Nodes; called one at a time.</param>
    public void Follow(Action<ImmutableArray<V1Node>> follower)
    {
        lock (_lock)
            _follower = follower;
        Deliver();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Faults.Dispose();
        return _supervisor.DisposeAsync();
    }

    private static async Task<T> RequestAsync<T>(Func<Task<T>> request)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (ActorNet.Cluster.Nodes.NodeRefusedException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static ControlEndpoint Endpoint(string seed)
    {
        int colon = seed.LastIndexOf(':');
        if (colon < 0)
            return new ControlEndpoint(seed, HostOptions.DefaultControlPort);
        return int.TryParse(seed.AsSpan(colon + 1), out int port) && port is > 0 and < 65536
            ? new ControlEndpoint(seed[..colon], port)
            : throw new UsageException($"{seed}: not a control address. Give HOST or HOST:PORT, as 192.168.56.11:{HostOptions.DefaultControlPort}.");
    }

    private void Attach(ControlSystem control)
    {
        _directory.Attach(control);
        control.StartAgent(() => JsonSerializer.SerializeToUtf8Bytes(OwnActors(control)));
    }

    private HostActors OwnActors(ControlSystem? control) =>
        new(_host, [ActorTree.Of(_node), .. control is null ? Array.Empty<SystemActors>() : [ActorTree.Of(control.System)]]);

    private void Deliver()
    {
        lock (_lock)
            _follower?.Invoke(Nodes);
    }
}
