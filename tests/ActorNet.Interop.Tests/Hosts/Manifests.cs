using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Hosts;

/// <summary>The manifests that the tests hand in: ordinary Kubernetes YAML, nothing of our own.</summary>
public static class Manifests
{
    /// <summary>A Pod with one agnhost container whose netexec answers over UDP.</summary>
    /// <param name="name">The pod's name.</param>
    /// <param name="udpPort">The port of its UDP server.</param>
    /// <param name="node">The node that it is bound to; null: none.</param>
    public static string UdpServerPod(string name, int udpPort, string? node = null) => $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
        spec:{(node is null ? "" : $"\n  nodeName: {node}")}
          containers:
            - name: agnhost
              image: registry.k8s.io/e2e-test-images/agnhost:2.53
              args: ["netexec", "--udp-port={udpPort}"]
        """;

    /// <summary>A Pod with one container in which commands are run.</summary>
    /// <param name="name">The pod's name.</param>
    public static string ShellPod(string name) => $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
        spec:
          containers:
            - name: shell
              image: busybox:1.36
              command: ["sleep", "3600"]
        """;

    /// <summary>
    /// A Node as flanneld annotates it (flannel pkg/subnet/kube/{kube,annotations}.go): enough to make any VXLAN end point a peer.
    /// </summary>
    public static string Node(KernelNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return $$"""
            apiVersion: v1
            kind: Node
            metadata:
              name: {{node.Name}}
              annotations:
                flannel.alpha.coreos.com/kube-subnet-manager: "true"
                flannel.alpha.coreos.com/backend-type: vxlan
                flannel.alpha.coreos.com/backend-data: '{"VNI":1,"VtepMAC":"{{node.VtepMac}}"}'
                flannel.alpha.coreos.com/public-ip: {{node.Address}}
            spec:
              podCIDR: {{node.PodCidr}}
              podCIDRs: ["{{node.PodCidr}}"]
            status:
              addresses:
                - type: InternalIP
                  address: {{node.Address}}
            """;
    }
}
