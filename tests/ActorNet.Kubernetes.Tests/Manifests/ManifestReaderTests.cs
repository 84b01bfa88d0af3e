using ActorNet.Kubernetes.Manifests;

namespace ActorNet.Kubernetes.Tests.Manifests;

public sealed class ManifestReaderTests
{
    private const string Pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: busybox\n";

    [Fact]
    public void Reads_pods_and_nodes_of_several_documents()
    {
        string text = "# heading\n---\n" + Pod + "---\n\n# nothing here\n---\n" + """
            apiVersion: v1
            kind: Node
            metadata:
              name: kernel-1
              annotations:
                flannel.alpha.coreos.com/kube-subnet-manager: "true"
                flannel.alpha.coreos.com/backend-type: vxlan
                flannel.alpha.coreos.com/backend-data: '{"VNI":1,"VtepMAC":"5e:f4:68:83:7d:01"}'
                flannel.alpha.coreos.com/public-ip: 192.168.56.11
            spec:
              podCIDR: 10.244.9.0/24
            """ + "\n...\n";
        ManifestSet set = ManifestReader.Read("all.yaml", text);
        Assert.Equal("web", Assert.Single(set.Pods).Metadata.Name);
        Assert.Equal("default", set.Pods[0].Metadata.NamespaceProperty);
        Assert.Equal("busybox", set.Pods[0].Spec.Containers[0].Image);
        Assert.Equal("10.244.9.0/24", Assert.Single(set.Nodes).Spec.PodCIDR);
    }

    [Theory]
    [InlineData("kind: Pod", "kind: Deployment", 1, "kind is 'Deployment'; Pod or Node expected")]
    [InlineData("kind: Pod\n", "", 1, "kind is missing")]
    [InlineData("apiVersion: v1", "apiVersion: v2", 1, "apiVersion is 'v2'; v1 expected")]
    [InlineData("  name: web\nspec", "  labels: {a: b}\nspec", 1, "metadata.name is missing")]
    [InlineData("  name: web\nspec", "  name: Web_1\nspec", 1, "Pod default/Web_1: metadata.name is 'Web_1'")]
    [InlineData("    image: busybox", "    imagge: busybox", 8, "'imagge' not found")]
    [InlineData("    image: busybox\n", "", 1, "spec.containers[0].image is missing")]
    [InlineData("  - name: web\n    image", "  - image", 1, "spec.containers[0].name is missing")]
    [InlineData("    image: busybox\n", "    image: busybox\n  - name: web\n    image: nginx\n", 1, "'web' stands twice")]
    [InlineData("    image: busybox\n", "    image: busybox\n    ports: [{containerPort: eighty}]\n", 9, "was not in a correct format")]
    [InlineData("  containers:", "  initContainers:", 1, "spec.containers is missing or empty")]
    [InlineData("  name: web\nspec", "  name: web\n  name: web2\nspec", 5, "duplicate key name")]
    [InlineData("metadata:", "metadata: [", 0, "document 1, document: ")]
    public void A_fault_is_told_with_file_line_object_and_what_was_expected(string old, string replacement, int line, string expected)
    {
        Assert.Contains(old, Pod, StringComparison.Ordinal);
        ManifestException e = Assert.Throws<ManifestException>(() => ManifestReader.Read("web.yaml", Pod.Replace(old, replacement, StringComparison.Ordinal)));
        ManifestProblem problem = Assert.Single(e.Problems);
        Assert.Contains(expected, problem.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("web.yaml:", e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Remedy);
        if (line > 0)
            Assert.Equal(line, problem.Line);
    }

    [Fact]
    public void Every_problem_of_every_file_is_listed_and_nothing_is_read()
    {
        string second = Pod + "---\nkind: Service\napiVersion: v1\nmetadata: {name: s}\n---\n" + Pod;
        ManifestException e = Assert.Throws<ManifestException>(() => ManifestReader.Read([new("a.yaml", Pod), new("b.yaml", second), new("c.yaml", "# nothing\n")]));
        Assert.Equal(
            [("b.yaml", 1, 1), ("b.yaml", 2, 10), ("b.yaml", 3, 14), ("c.yaml", 1, 1)],
            e.Problems.Select(p => (p.File, p.Document, p.Line)));
        Assert.Contains("a.yaml, document 1", e.Problems[0].Found, StringComparison.Ordinal);
        Assert.Contains("empty", e.Problems[3].Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_with_malformed_annotations_is_refused()
    {
        const string node = """
            apiVersion: v1
            kind: Node
            metadata:
              name: n9
              annotations: {flannel.alpha.coreos.com/kube-subnet-manager: "true", flannel.alpha.coreos.com/backend-type: vxlan}
            spec: {podCIDR: 10.244.9.0/24}
            """;
        ManifestException e = Assert.Throws<ManifestException>(() => ManifestReader.Read("n.yaml", node));
        Assert.Contains("public-ip", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ManifestException>(() => ManifestReader.Read("n.yaml", node.Replace("10.244.9.0/24", "10.244.9.0", StringComparison.Ordinal)));
        Assert.Contains("spec.podCIDR is '10.244.9.0'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_marker_at_the_line_begin_splits_but_one_inside_a_text_does_not()
    {
        string text = Pod.Replace("  name: web\n", "  name: web\n  annotations:\n    note: |\n      ---\n      ... and more\n", StringComparison.Ordinal);
        Assert.Contains("---", Assert.Single(ManifestReader.Read("a.yaml", text).Pods).Metadata.Annotations["note"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused_unread() =>
        Assert.Contains("at most 1500000", Assert.Throws<ManifestException>(() => ManifestReader.Read("big.yaml", new string('a', 1_500_001))).Message, StringComparison.Ordinal);

    [Fact]
    public void Broken_text_never_gives_another_exception()
    {
        for (int cut = 0; cut < Pod.Length; cut++)
        {
            foreach (string text in new[] { Pod[..cut], Pod[cut..], Pod.Insert(cut, "\t"), Pod.Insert(cut, "{"), Pod.Insert(cut, "*x"), Pod.Insert(cut, "\0") })
            {
                try
                {
                    ManifestReader.Read("cut.yaml", text);
                }
                catch (ManifestException e)
                {
                    Assert.NotEmpty(e.Problems);
                }
            }
        }
    }
}
