using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Scheduling;

/// <summary>Why a node does not take a pod.</summary>
/// <param name="Reasons">In upstream's words.</param>
/// <param name="IsFinal">True when it would not even if every pod on it went.</param>
internal sealed record NodeRefusal(IReadOnlyList<string> Reasons, bool IsFinal);

/// <summary>What is free on a node (kubernetes pkg/scheduler/framework NodeInfo, plugins noderesources, nodeports, nodeaffinity, tainttoleration, nodeunschedulable).</summary>
internal sealed class NodeRoom
{
    // What scoring takes for a container that asks for nothing (pkg/scheduler/util, DefaultMilliCPURequest and DefaultMemoryRequest).
    private const decimal LeastCpu = 0.1m, LeastMemory = 200 * 1024 * 1024;

    private readonly Dictionary<string, decimal> _free = new(StringComparer.Ordinal), _allocatable = new(StringComparer.Ordinal);
    private readonly HashSet<(string Protocol, int Port, string Address)> _ports = [];
    private readonly Dictionary<string, int> _owners = new(StringComparer.Ordinal);
    private decimal _scoredCpu, _scoredMemory;
    private int _pods;

    public NodeRoom(V1Node node, IEnumerable<V1Pod> pods)
    {
        Node = node;
        foreach ((string name, ResourceQuantity amount) in node.Status?.Allocatable ?? node.Status?.Capacity ?? new Dictionary<string, ResourceQuantity>())
            _allocatable[name] = _free[name] = amount.ToDecimal();
        foreach (V1Pod pod in pods.Where(pod => !pod.IsTerminal()))
            Take(pod);
    }

    public V1Node Node { get; }

    /// <summary>Counts a pod.</summary>
    public void Take(V1Pod pod)
    {
        _pods++;
        Dictionary<string, decimal> asked = PodRequests.Of(pod.Spec);
        foreach ((string name, decimal amount) in asked)
            _free[name] = _free.GetValueOrDefault(name) - amount;
        (decimal cpu, decimal memory) = Scored(pod.Spec);
        _scoredCpu += cpu;
        _scoredMemory += memory;
        _ports.UnionWith(HostPorts(pod.Spec));
        if (OwnerRules.ControllerOf(pod) is { } owner && !pod.IsTerminating())
            _owners[owner.Uid] = _owners.GetValueOrDefault(owner.Uid) + 1;
    }

    /// <summary>How many pods of an owner are here.</summary>
    public int CountOf(string? owner) => owner is null ? 0 : _owners.GetValueOrDefault(owner);

    /// <summary>Why the node does not take a pod; null: it does. The first filter that refuses speaks, as upstream's.</summary>
    public NodeRefusal? Refuses(V1Pod pod, Dictionary<string, decimal> asked)
    {
        var unschedulable = new V1Taint { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };
        if (Node.Spec?.Unschedulable == true && pod.Spec.Tolerations?.Any(each => NodeMatch.Tolerates(each, unschedulable)) != true)
            return new NodeRefusal(["node(s) were unschedulable"], true);
        if (NodeMatch.Untolerated(Node, pod.Spec.Tolerations, "NoSchedule", "NoExecute") is { } taint)
            return new NodeRefusal([$"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}"], true);
        if (!NodeMatch.IsWanted(pod.Spec, Node))
            return new NodeRefusal(["node(s) didn't match Pod's node affinity/selector"], true);
        if (HostPorts(pod.Spec).Any(Clashes))
            return new NodeRefusal(["node(s) didn't have free ports for the requested pod ports"], false);
        return Insufficient(asked);
    }

    /// <summary>How much of the node is free after a pod came, 0 to 100 (NodeResourcesFit with LeastAllocated).</summary>
    public double LeastAllocated(V1PodSpec pod)
    {
        (double cpu, double memory) = Used(pod);
        return ((1 - cpu) + (1 - memory)) / 2 * 100;
    }

    /// <summary>How evenly CPU and memory are used after a pod came, 0 to 100 (NodeResourcesBalancedAllocation).</summary>
    public double Balanced(V1PodSpec pod)
    {
        (double cpu, double memory) = Used(pod);
        return (1 - (Math.Abs(cpu - memory) / 2)) * 100;
    }

    private (double Cpu, double Memory) Used(V1PodSpec pod)
    {
        (decimal cpu, decimal memory) = Scored(pod);
        return (Share(_scoredCpu + cpu, "cpu"), Share(_scoredMemory + memory, "memory"));
    }

    private double Share(decimal used, string resource) => _allocatable.GetValueOrDefault(resource) is var all and > 0 ? (double)Math.Min(1, used / all) : 1;

    private static (decimal Cpu, decimal Memory) Scored(V1PodSpec pod)
    {
        decimal cpu = 0, memory = 0;
        foreach (V1Container container in pod.Containers)
        {
            IDictionary<string, ResourceQuantity>? requests = container.Resources?.Requests;
            cpu += requests is not null && requests.TryGetValue("cpu", out ResourceQuantity? some) ? some.ToDecimal() : LeastCpu;
            memory += requests is not null && requests.TryGetValue("memory", out ResourceQuantity? much) ? much.ToDecimal() : LeastMemory;
        }

        return (cpu, memory);
    }

    private NodeRefusal? Insufficient(Dictionary<string, decimal> asked)
    {
        var reasons = new List<string>();
        bool isFinal = false;
        if (_pods + 1 > _allocatable.GetValueOrDefault("pods"))
            reasons.Add("Too many pods");
        foreach ((string name, decimal amount) in asked.OrderBy(each => Order(each.Key)).ThenBy(each => each.Key, StringComparer.Ordinal))
        {
            if (amount == 0 || amount <= _free.GetValueOrDefault(name))
                continue;
            reasons.Add($"Insufficient {name}");
            isFinal |= amount > _allocatable.GetValueOrDefault(name);
        }

        return reasons.Count == 0 ? null : new NodeRefusal(reasons, isFinal);
    }

    private static int Order(string resource) => resource switch { "cpu" => 0, "memory" => 1, "ephemeral-storage" => 2, _ => 3 };

    private static IEnumerable<(string Protocol, int Port, string Address)> HostPorts(V1PodSpec pod) =>
        pod.Containers.Concat((pod.InitContainers ?? []).Where(container => container.RestartPolicy == "Always"))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0)
            .Select(port => (port.Protocol ?? "TCP", port.HostPort!.Value, port.HostIP is null or "" or "0.0.0.0" ? "" : port.HostIP));

    // An address that is not given is every address.
    private bool Clashes((string Protocol, int Port, string Address) wanted) =>
        _ports.Any(held => held.Protocol == wanted.Protocol && held.Port == wanted.Port && (held.Address.Length == 0 || wanted.Address.Length == 0 || held.Address == wanted.Address));
}
