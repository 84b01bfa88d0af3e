using System.Runtime.InteropServices;
using ActorNet.Kubernetes.Discovery;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Status;

/// <summary>A node's status as its kubelet tells it (kubernetes pkg/kubelet/nodestatus/setters.go), with flanneld's condition beside it.</summary>
public static class NodeStatuses
{
    /// <summary>Makes the status.</summary>
    /// <param name="name">Node name.</param>
    /// <param name="ip">InternalIP.</param>
    /// <param name="settings">What the node offers.</param>
    /// <param name="startedAt">When the kubelet started: the conditions' transition.</param>
    /// <param name="now">Heartbeat.</param>
    public static V1NodeStatus Of(string name, string ip, KubeletSettings settings, DateTimeOffset startedAt, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(settings);
        V1NodeCondition Condition(string type, bool holds, string reason, string message) => new()
        {
            Type = type,
            Status = holds ? "True" : "False",
            Reason = reason,
            Message = message,
            LastHeartbeatTime = ContainerStatuses.Seconds(now),
            LastTransitionTime = ContainerStatuses.Seconds(startedAt),
        };
        return new V1NodeStatus
        {
            Addresses = [new V1NodeAddress { Type = "InternalIP", Address = ip }, new V1NodeAddress { Type = "Hostname", Address = name }],
            Capacity = Capacity(settings),
            Allocatable = Capacity(settings),
            Conditions =
            [
                Condition("NetworkUnavailable", false, "FlannelIsUp", "Flannel is running on this node"),
                Condition("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                Condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                Condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                Condition("Ready", true, "KubeletReady", "kubelet is posting ready status"),
            ],
            NodeInfo = Info(),
        };
    }

    private static Dictionary<string, ResourceQuantity> Capacity(KubeletSettings settings) => new()
    {
        ["cpu"] = new ResourceQuantity($"{settings.Cpus}"),
        ["ephemeral-storage"] = new ResourceQuantity($"{settings.StorageBytes / 1024}Ki"),
        ["memory"] = new ResourceQuantity($"{settings.MemoryBytes / 1024}Ki"),
        ["pods"] = new ResourceQuantity($"{settings.MaxPods}"),
    };

    private static V1NodeSystemInfo Info() => new()
    {
        Architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
        OperatingSystem = "linux",
        OsImage = "ActorNet",
        KernelVersion = "5.15.0-actornet",
        ContainerRuntimeVersion = "actornet://0.1.0",
        KubeletVersion = ServerVersion.Default.GitVersion,
        KubeProxyVersion = ServerVersion.Default.GitVersion,
        BootID = "",
        MachineID = "",
        SystemUUID = "",
    };
}
