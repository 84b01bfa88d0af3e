using ActorNet.Dataplane.Frames;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Nodes;

/// <summary>flannel pkg/subnet/kube/{kube.go,annotations.go}: what flanneld writes and reads on a Node.</summary>
public sealed class FlannelAnnotationsTests
{
    private static readonly FlannelLease Lease = new("n1", Ipv4Prefix.Parse("10.244.1.0/24"), Ipv4Address.Parse("192.168.56.11"), MacAddress.Parse("5e:f4:68:83:7d:01"));

    [Fact]
    public void Reads_a_node_as_flanneld_wrote_it()
    {
        FlannelNode read = FlannelAnnotations.Read(FlanneldNode());
        Assert.Equal(FlannelNodeState.Peer, read.State);
        Assert.Equal(Lease, read.Lease);
        Assert.Equal("10.244.1.0", read.Lease!.VtepAddress.ToString());
        Assert.Equal("192.168.56.11:8472", read.Lease.Underlay.ToString());
    }

    [Fact]
    public void Writes_what_flanneld_writes()
    {
        var node = new V1Node();
        FlannelAnnotations.Write(node, Lease);
        V1Node expected = FlanneldNode();
        Assert.Equal("n1", node.Metadata.Name);
        Assert.Equal("10.244.1.0/24", node.Spec.PodCIDR);
        Assert.Equal(expected.Metadata.Annotations.OrderBy(a => a.Key), node.Metadata.Annotations.OrderBy(a => a.Key));
    }

    [Fact]
    public void The_nodes_own_overwrite_becomes_its_public_ip_and_peers_read_only_public_ip()
    {
        V1Node node = FlanneldNode();
        node.Metadata.Annotations[FlannelAnnotations.PublicIpOverwrite] = "203.0.113.7";
        Assert.Equal("192.168.56.11", FlannelAnnotations.Read(node).Lease!.PublicIp.ToString());
        FlannelAnnotations.Write(node, Lease);
        Assert.Equal("203.0.113.7", node.Metadata.Annotations[FlannelAnnotations.PublicIp]);
    }

    [Fact]
    public void A_labs_underlay_goes_both_ways_and_the_standard_one_is_not_written()
    {
        var node = new V1Node();
        FlannelAnnotations.Write(node, Lease with { UnderlayOverride = new UnderlayEndpoint(Ipv4Address.Parse("127.0.10.1"), 18472) });
        Assert.Equal("127.0.10.1:18472", node.Metadata.Annotations["actornet.dev/underlay"]);
        Assert.Equal("127.0.10.1:18472", FlannelAnnotations.Read(node).Lease!.Underlay.ToString());
        FlannelAnnotations.Write(node, Lease);
        Assert.False(node.Metadata.Annotations.ContainsKey("actornet.dev/underlay"));
    }

    [Fact]
    public void A_podCIDR_never_changes()
    {
        V1Node node = FlanneldNode();
        Assert.Throws<ArgumentException>(() => FlannelAnnotations.Write(node, Lease with { PodCidr = Ipv4Prefix.Parse("10.244.2.0/24") }));
        Assert.Throws<ArgumentException>(() => FlannelAnnotations.Write(node, Lease with { NodeName = "n2" }));
    }

    [Theory]
    [InlineData(FlannelAnnotations.KubeSubnetManager, null)]
    [InlineData(FlannelAnnotations.KubeSubnetManager, "True")]
    [InlineData(FlannelAnnotations.BackendType, "host-gw")]
    [InlineData(FlannelAnnotations.BackendType, null)]
    public void A_node_without_the_manager_or_with_another_backend_is_no_peer(string annotation, string? value)
    {
        FlannelNode read = FlannelAnnotations.Read(FlanneldNode(annotation, value));
        Assert.Equal(FlannelNodeState.NotPeer, read.State);
        Assert.Contains("n1", read.Reason, StringComparison.Ordinal);
        Assert.Contains(annotation, read.Reason, StringComparison.Ordinal);
        Assert.Null(read.Lease);
    }

    [Theory]
    [InlineData(FlannelAnnotations.PublicIp, null)]
    [InlineData(FlannelAnnotations.PublicIp, "node-1.example")]
    [InlineData(FlannelAnnotations.PublicIp, "0.0.0.0")]
    [InlineData(FlannelAnnotations.PublicIp, "239.0.0.1")]
    [InlineData(FlannelAnnotations.BackendData, null)]
    [InlineData(FlannelAnnotations.BackendData, "null")]
    [InlineData(FlannelAnnotations.BackendData, "[]")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":1")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":1}")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":0,\"VtepMAC\":\"5e:f4:68:83:7d:01\"}")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":16777216,\"VtepMAC\":\"5e:f4:68:83:7d:01\"}")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":\"1\",\"VtepMAC\":\"5e:f4:68:83:7d:01\"}")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":1,\"VtepMAC\":\"01:00:5e:00:00:01\"}")]
    [InlineData(FlannelAnnotations.BackendData, "{\"VNI\":1,\"VtepMAC\":7}")]
    [InlineData(FlannelAnnotations.Underlay, "127.0.10.1:0")]
    [InlineData(FlannelAnnotations.Underlay, "127.0.10.1:65536")]
    [InlineData(FlannelAnnotations.Underlay, "239.0.0.1:8472")]
    public void A_malformed_peer_says_which_annotation(string annotation, string? value)
    {
        FlannelNode read = FlannelAnnotations.Read(FlanneldNode(annotation, value));
        Assert.Equal(FlannelNodeState.Malformed, read.State);
        Assert.Contains("Node n1", read.Reason, StringComparison.Ordinal);
        Assert.Contains(annotation, read.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("10.244.1.0")]
    [InlineData("10.244.1.0/31")]
    [InlineData("224.0.0.0/24")]
    [InlineData("fd00::/64")]
    public void A_malformed_podCIDR_is_named(string? cidr)
    {
        V1Node node = FlanneldNode();
        node.Spec.PodCIDR = cidr;
        FlannelNode read = FlannelAnnotations.Read(node);
        Assert.Equal(FlannelNodeState.Malformed, read.State);
        Assert.Contains("podCIDR", read.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dual_stack_node_is_known_by_its_IPv4_prefix_and_field_names_may_have_any_case()
    {
        V1Node node = FlanneldNode(FlannelAnnotations.BackendData, "{\"vni\":5,\"vtepmac\":\"5E:F4:68:83:7D:01\"}");
        node.Spec.PodCIDR = "fd00:1::/64";
        node.Spec.PodCIDRs = ["fd00:1::/64", "10.244.1.0/24"];
        Assert.Equal(Lease with { Vni = 5 }, FlannelAnnotations.Read(node).Lease);
    }

    private static V1Node FlanneldNode(string? changed = null, string? value = null)
    {
        var annotations = new Dictionary<string, string>
        {
            ["flannel.alpha.coreos.com/kube-subnet-manager"] = "true",
            ["flannel.alpha.coreos.com/backend-type"] = "vxlan",
            ["flannel.alpha.coreos.com/backend-data"] = """{"VNI":1,"VtepMAC":"5e:f4:68:83:7d:01"}""",
            ["flannel.alpha.coreos.com/public-ip"] = "192.168.56.11",
        };
        if (changed is not null && value is null)
            annotations.Remove(changed);
        else if (changed is not null)
            annotations[changed] = value!;
        return new V1Node { Metadata = new V1ObjectMeta { Name = "n1", Annotations = annotations }, Spec = new V1NodeSpec { PodCIDR = "10.244.1.0/24" } };
    }
}
