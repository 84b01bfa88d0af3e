using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>Which pods a node takes (kubernetes pkg/kubelet/lifecycle/predicate_test.go; pkg/api/v1/resource/helpers_test.go).</summary>
public sealed class PodAdmissionTests
{
    private static readonly KubeletSettings Settings = new() { Cpus = 2, MemoryBytes = 1 << 30, MaxPods = 3 };

    [Theory]
    [InlineData("1", "900m", null)]
    [InlineData("1", "1", null)]
    [InlineData("1", "1001m", "Node didn't have enough resource: cpu, requested: 1001, used: 1000, capacity: 2000")]
    [InlineData("0", "3", "Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000")]
    public void Cpu(string used, string wanted, string? message)
    {
        PodFailure? failure = PodAdmission.Check(Pod("cpu", wanted), [Pod("cpu", used)], Settings);
        Assert.Equal(message, failure?.Message);
        if (message is not null)
            Assert.Equal("OutOfcpu", failure!.Reason);
    }

    [Fact]
    public void Memory_and_the_number_of_pods()
    {
        Assert.Equal(
            new PodFailure("OutOfmemory", "Node didn't have enough resource: memory, requested: 1073741825, used: 0, capacity: 1073741824"),
            PodAdmission.Check(Pod("memory", "1073741825"), [], Settings));
        Assert.Equal(
            new PodFailure("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"),
            PodAdmission.Check(Pod("cpu", "0"), [Pod("cpu", "0"), Pod("cpu", "0"), Pod("cpu", "0")], Settings));
    }

    [Theory]
    [InlineData("8080", "8080", true)]
    [InlineData("8080", "8081", false)]
    [InlineData("8080/UDP", "8080", false)]
    [InlineData("8080@1.2.3.4", "8080@1.2.3.5", false)]
    [InlineData("8080@1.2.3.4", "8080", true)]
    [InlineData("8080@1.2.3.4", "8080@0.0.0.0", true)]
    public void Host_ports(string taken, string wanted, bool clash) =>
        Assert.Equal(clash ? new PodFailure("NodePorts", "Predicate NodePorts failed") : null, PodAdmission.Check(WithPort(wanted), [WithPort(taken)], Settings));

    [Fact]
    // Init containers run one at a time, beside the sidecars before them; sidecars run beside the containers.
    public void What_init_containers_need_counts_where_it_is_more()
    {
        V1Pod pod = Pod("cpu", "1");
        pod.Spec.InitContainers = [Container("cpu", "2"), Sidecar("300m"), Container("cpu", "1900m"), Sidecar("100m")];
        Assert.Equal(2200, PodAdmission.Request(pod.Spec, "cpu", 1000));
        pod.Spec.Containers = [Container("cpu", "1"), Container("cpu", "900m")];
        Assert.Equal(2300, PodAdmission.Request(pod.Spec, "cpu", 1000));

        static V1Container Sidecar(string cpu)
        {
            V1Container container = Container("cpu", cpu);
            container.RestartPolicy = "Always";
            return container;
        }
    }

    private static V1Pod WithPort(string text)
    {
        string[] address = text.Split('@');
        string[] port = address[0].Split('/');
        V1Pod pod = Pod("cpu", "0");
        pod.Spec.Containers[0].Ports = [new V1ContainerPort { ContainerPort = 80, HostPort = int.Parse(port[0]), Protocol = port.Length > 1 ? port[1] : null, HostIP = address.Length > 1 ? address[1] : null }];
        return pod;
    }

    private static V1Pod Pod(string resource, string quantity) => new() { Metadata = new V1ObjectMeta(), Spec = new V1PodSpec { Containers = [Container(resource, quantity)] } };

    private static V1Container Container(string resource, string quantity) =>
        new() { Name = "c", Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { [resource] = new(quantity) } } };
}
