using System.Collections.Immutable;
using System.Text;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Environment;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>The environment of containers.</summary>
public sealed class EnvironmentTests
{
    private static readonly PodPlace Place = new("n1", "192.168.56.11", "10.244.1.2", new KubeletSettings { Cpus = 8 });

    [Theory]
    // kubernetes third_party/forked/golang/expansion/expand_test.go, with VAR_A=A, VAR_B=B, VAR_C=C, VAR_REF=$(VAR_A), VAR_EMPTY= .
    [InlineData("$(VAR_A)", "A")]
    [InlineData("___$(VAR_B)___", "___B___")]
    [InlineData("___$(VAR_C)", "___C")]
    [InlineData("$(VAR_A)-$(VAR_A)", "A-A")]
    [InlineData("$(VAR_A)_$(VAR_B)_$(VAR_C)", "A_B_C")]
    [InlineData("$$(VAR_B)_$(VAR_A)", "$(VAR_B)_A")]
    [InlineData("$$(VAR_A)_$$(VAR_B)", "$(VAR_A)_$(VAR_B)")]
    [InlineData("f000-$$VAR_A", "f000-$VAR_A")]
    [InlineData("foo\\$(VAR_C)bar", "foo\\Cbar")]
    [InlineData("foo$$$(VAR_B)", "foo$B")]
    [InlineData("$(VAR_REF)", "$(VAR_A)")]
    [InlineData("%%$(VAR_REF)--$(VAR_REF)%%", "%%$(VAR_A)--$(VAR_A)%%")]
    [InlineData("foo$(VAR_EMPTY)bar", "foobar")]
    [InlineData("foo$(VAR_Awhoops!", "foo$(VAR_Awhoops!")]
    [InlineData("f00__(VAR_A)__", "f00__(VAR_A)__")]
    [InlineData("$?_boo_$!", "$?_boo_$!")]
    [InlineData("$VAR_A", "$VAR_A")]
    [InlineData("$(VAR_DNE)", "$(VAR_DNE)")]
    [InlineData("$$$$$$(BIG_MONEY)", "$$$(BIG_MONEY)")]
    [InlineData("$$$$$$(VAR_A)", "$$$(VAR_A)")]
    [InlineData("$$$$$$$(GOOD_ODDS)", "$$$$(GOOD_ODDS)")]
    [InlineData("$$$$$$$(VAR_A)", "$$$A")]
    [InlineData("$VAR_A)", "$VAR_A)")]
    [InlineData("${VAR_A}", "${VAR_A}")]
    [InlineData("$(VAR_B)_______$(A", "B_______$(A")]
    [InlineData("$(VAR_C)_______$(", "C_______$(")]
    [InlineData("$(VAR_A)foobarzab$", "Afoobarzab$")]
    [InlineData("foo-\\$(VAR_A", "foo-\\$(VAR_A")]
    [InlineData("--$($($($($--", "--$($($($($--")]
    [InlineData("$($($($($--foo$(", "$($($($($--foo$(")]
    [InlineData("foo0--$($($($(", "foo0--$($($($(")]
    [InlineData("$(foo$$var)", "$(foo$$var)")]
    public void Expansion(string text, string expanded)
    {
        var variables = new Dictionary<string, string> { ["VAR_A"] = "A", ["VAR_B"] = "B", ["VAR_C"] = "C", ["VAR_REF"] = "$(VAR_A)", ["VAR_EMPTY"] = "" };
        Assert.Equal(expanded, VariableExpansion.Expand(text, variables.GetValueOrDefault));
    }

    [Fact]
    // kubernetes pkg/kubelet/envvars/envvars_test.go, TestFromServices.
    public void Services_are_told_in_dockers_way()
    {
        Dictionary<string, string> variables = ServiceVariables.Of(
            [
                Service("foo-bar", "1.2.3.4", Port(8080, "TCP", null)),
                Service("abc-123", "5.6.7.8", Port(8081, "UDP", "u-d-p"), Port(8082, "TCP", "t-c-p")),
                Service("q-u-u-x", "9.8.7.6", Port(8083, "TCP", null), Port(8084, "UDP", "8084")),
                Service("svrc-clusterip-none", "None", Port(8082, "TCP", null)),
                Service("svrc-clusterip-empty", "", Port(8082, "TCP", null)),
            ],
            "ns",
            links: true);
        string[] expected =
        [
            "FOO_BAR_SERVICE_HOST=1.2.3.4", "FOO_BAR_SERVICE_PORT=8080", "FOO_BAR_PORT=tcp://1.2.3.4:8080", "FOO_BAR_PORT_8080_TCP=tcp://1.2.3.4:8080",
            "FOO_BAR_PORT_8080_TCP_PROTO=tcp", "FOO_BAR_PORT_8080_TCP_PORT=8080", "FOO_BAR_PORT_8080_TCP_ADDR=1.2.3.4",
            "ABC_123_SERVICE_HOST=5.6.7.8", "ABC_123_SERVICE_PORT=8081", "ABC_123_SERVICE_PORT_U_D_P=8081", "ABC_123_SERVICE_PORT_T_C_P=8082", "ABC_123_PORT=udp://5.6.7.8:8081",
            "ABC_123_PORT_8081_UDP=udp://5.6.7.8:8081", "ABC_123_PORT_8081_UDP_PROTO=udp", "ABC_123_PORT_8081_UDP_PORT=8081", "ABC_123_PORT_8081_UDP_ADDR=5.6.7.8",
            "ABC_123_PORT_8082_TCP=tcp://5.6.7.8:8082", "ABC_123_PORT_8082_TCP_PROTO=tcp", "ABC_123_PORT_8082_TCP_PORT=8082", "ABC_123_PORT_8082_TCP_ADDR=5.6.7.8",
            "Q_U_U_X_SERVICE_HOST=9.8.7.6", "Q_U_U_X_SERVICE_PORT=8083", "Q_U_U_X_SERVICE_PORT_8084=8084", "Q_U_U_X_PORT=tcp://9.8.7.6:8083",
            "Q_U_U_X_PORT_8083_TCP=tcp://9.8.7.6:8083", "Q_U_U_X_PORT_8083_TCP_PROTO=tcp", "Q_U_U_X_PORT_8083_TCP_PORT=8083", "Q_U_U_X_PORT_8083_TCP_ADDR=9.8.7.6",
            "Q_U_U_X_PORT_8084_UDP=udp://9.8.7.6:8084", "Q_U_U_X_PORT_8084_UDP_PROTO=udp", "Q_U_U_X_PORT_8084_UDP_PORT=8084", "Q_U_U_X_PORT_8084_UDP_ADDR=9.8.7.6",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), variables.Select(static v => $"{v.Key}={v.Value}").Order(StringComparer.Ordinal));
    }

    [Theory]
    // kubernetes pkg/kubelet/kubelet_pods_test.go, TestMakeEnvironmentVariables: "no services in same namespace", "if master service in pod, do not include...".
    [InlineData("ns", true, "KUBERNETES WEB")]
    [InlineData("ns", false, "KUBERNETES")]
    [InlineData("other", true, "KUBERNETES")]
    [InlineData("default", true, "DB KUBERNETES")]
    public void Whose_services_are_told(string ns, bool links, string names)
    {
        V1Service[] services = [Service("web", "10.96.0.7", Port(80, "TCP", null)), Of("default", Service("kubernetes", "10.96.0.1", Port(443, "TCP", "https"))), Of("default", Service("db", "10.96.0.8", Port(1, "TCP", null)))];
        IEnumerable<string> told = ServiceVariables.Of(services, ns, links).Keys.Where(static k => k.EndsWith("_SERVICE_HOST", StringComparison.Ordinal)).Select(static k => k.Split('_')[0]);
        Assert.Equal(names, string.Join(' ', told.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_source_of_a_variable()
    {
        PodObjects objects = new()
        {
            ConfigMaps = ImmutableDictionary<string, V1ConfigMap>.Empty.Add("map", new V1ConfigMap { Data = new Dictionary<string, string> { ["key"] = "from a map", ["1st"] = "no name", ["other.key"] = "x" } }),
            Secrets = ImmutableDictionary<string, V1Secret>.Empty.Add("secret", new V1Secret { Data = new Dictionary<string, byte[]> { ["pass"] = Encoding.UTF8.GetBytes("s3cr3t") } }),
        };
        var container = new V1Container
        {
            Name = "c",
            Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m") } },
            EnvFrom = [new V1EnvFromSource { ConfigMapRef = new V1ConfigMapEnvSource { Name = "map" } }, new V1EnvFromSource { Prefix = "S_", SecretRef = new V1SecretEnvSource { Name = "secret" } }, new V1EnvFromSource { ConfigMapRef = new V1ConfigMapEnvSource { Name = "gone", Optional = true } }],
            Env =
            [
                new V1EnvVar { Name = "A", Value = "a" },
                new V1EnvVar { Name = "B", Value = "$(A)-$(S_pass)-$(C)" },
                new V1EnvVar { Name = "NAME", ValueFrom = Field("metadata.name") },
                new V1EnvVar { Name = "LABEL", ValueFrom = Field("metadata.labels['app']") },
                new V1EnvVar { Name = "IP", ValueFrom = Field("status.podIP") },
                new V1EnvVar { Name = "NODE", ValueFrom = Field("spec.nodeName") },
                new V1EnvVar { Name = "HOST", ValueFrom = Field("status.hostIP") },
                new V1EnvVar { Name = "MILLIS", ValueFrom = new V1EnvVarSource { ResourceFieldRef = new V1ResourceFieldSelector { Resource = "requests.cpu", Divisor = new ResourceQuantity("1m") } } },
                // Rounded up, and what the node has where there is no limit.
                new V1EnvVar { Name = "CPUS", ValueFrom = new V1EnvVarSource { ResourceFieldRef = new V1ResourceFieldSelector { Resource = "requests.cpu" } } },
                new V1EnvVar { Name = "LIMIT", ValueFrom = new V1EnvVarSource { ResourceFieldRef = new V1ResourceFieldSelector { Resource = "limits.cpu" } } },
                new V1EnvVar { Name = "MAP", ValueFrom = new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "map", Key = "key" } } },
                new V1EnvVar { Name = "SECRET", ValueFrom = new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = "secret", Key = "pass" } } },
                new V1EnvVar { Name = "NONE", ValueFrom = new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = "gone", Key = "pass", Optional = true } } },
            ],
        };
        ContainerVariables made = ContainerEnvironment.Make(Pod(container), container, objects, Place);
        string[] expected =
        [
            "key=from a map", "other.key=x", "S_pass=s3cr3t", "A=a", "B=a-s3cr3t-$(C)", "NAME=p", "LABEL=web", "IP=10.244.1.2", "NODE=n1", "HOST=192.168.56.11",
            "MILLIS=250", "CPUS=1", "LIMIT=8", "MAP=from a map", "SECRET=s3cr3t",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), made.Variables.Select(static v => $"{v.Key}={v.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(["Keys [1st] from the EnvFrom configMap ns/map were skipped since they are considered invalid environment variable names."], made.Skipped);
    }

    [Fact]
    // kubelet_pods.go, makeEnvironmentVariables; the API's NotFound text.
    public void What_is_missing_is_named()
    {
        string Fails(V1EnvVar variable)
        {
            var container = new V1Container { Name = "c", Env = [variable] };
            return Assert.Throws<ContainerConfigException>(() => ContainerEnvironment.Make(Pod(container), container, new PodObjects { ConfigMaps = ImmutableDictionary<string, V1ConfigMap>.Empty.Add("map", new V1ConfigMap()) }, Place)).Message;
        }

        Assert.Equal("configmap \"gone\" not found", Fails(new V1EnvVar { Name = "A", ValueFrom = new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "gone", Key = "k" } } }));
        Assert.Equal("couldn't find key k in ConfigMap ns/map", Fails(new V1EnvVar { Name = "A", ValueFrom = new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "map", Key = "k" } } }));
        Assert.Equal("secret \"gone\" not found", Fails(new V1EnvVar { Name = "A", ValueFrom = new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = "gone", Key = "k" } } }));
    }

    private static V1EnvVarSource Field(string path) => new() { FieldRef = new V1ObjectFieldSelector { FieldPath = path } };

    private static V1Pod Pod(V1Container container) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Uid = "u", Labels = new Dictionary<string, string> { ["app"] = "web" } },
        Spec = new V1PodSpec { Containers = [container] },
    };

    private static V1Service Service(string name, string ip, params V1ServicePort[] ports) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "ns" },
        Spec = new V1ServiceSpec { ClusterIP = ip, Ports = ports },
    };

    private static V1Service Of(string ns, V1Service service)
    {
        service.Metadata.NamespaceProperty = ns;
        return service;
    }

    private static V1ServicePort Port(int port, string protocol, string? name) => new() { Port = port, Protocol = protocol, Name = name };
}
