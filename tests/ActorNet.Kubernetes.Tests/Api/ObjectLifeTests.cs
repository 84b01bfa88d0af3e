using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>The life of an object; expectations by upstream's pkg/registry/rest and the recorded facts of its API.</summary>
public sealed class ObjectLifeTests
{
    private const string Pod = """{"metadata":{"name":"web"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}""";
    private const string BoundPod = """{"metadata":{"name":"web"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"nginx"}]}}""";
    private const string Deployment = """{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}""";

    [Fact]
    public async Task A_new_object_gets_its_identity()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        JsonObject pod = (await fixture.CreateAsync("Pod", Pod)).Document;
        Assert.Equal("2026-01-02T03:04:05Z", pod.Text("metadata.creationTimestamp"));
        Assert.Equal('4', Guid.Parse(pod.Text("metadata.uid")).ToString()[14]);
        Assert.Equal("default", pod.Text("metadata.namespace"));
        Assert.Equal(1, pod.Number("metadata.generation"));
        Assert.Equal((await fixture.GetAsync("Pod", "web")).Document.ToJsonString(), pod.ToJsonString());
    }

    [Fact]
    public async Task A_pod_gets_its_defaults()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        JsonObject pod = (await fixture.CreateAsync("Pod", """{"metadata":{"name":"web"},"spec":{"containers":[{"name":"c","image":"r:5000/nginx","ports":[{"containerPort":80}],"readinessProbe":{"httpGet":{"port":80}},"resources":{"limits":{"cpu":"1"}}}]}}""")).Document;
        JsonObject container = pod.Objects("spec.containers").Single();
        Assert.Equal(("Always", "ClusterFirst", "default-scheduler", "default", 30L), (pod.Text("spec.restartPolicy"), pod.Text("spec.dnsPolicy"), pod.Text("spec.schedulerName"), pod.Text("spec.serviceAccountName"), pod.Number("spec.terminationGracePeriodSeconds")));
        Assert.Equal("Always", container.Text("imagePullPolicy"));
        Assert.Equal("TCP", container.Objects("ports").Single().Text("protocol"));
        Assert.Equal((1L, 10L, 1L, 3L, "/", "HTTP"), (container.Number("readinessProbe.timeoutSeconds"), container.Number("readinessProbe.periodSeconds"), container.Number("readinessProbe.successThreshold"), container.Number("readinessProbe.failureThreshold"), container.Text("readinessProbe.httpGet.path"), container.Text("readinessProbe.httpGet.scheme")));
        Assert.Equal("1", container.Text("resources.requests.cpu"));
        Assert.Equal(("Pending", "Burstable"), (pod.Text("status.phase"), pod.Text("status.qosClass")));
        Assert.Equal(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"], pod.Objects("spec.tolerations").Select(each => each.Text("key")));
    }

    [Theory]
    [InlineData("nginx", "Always")]
    [InlineData("nginx:latest", "Always")]
    [InlineData("nginx:1.27", "IfNotPresent")]
    [InlineData("r:5000/nginx", "Always")]
    [InlineData("nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "IfNotPresent")]
    public async Task The_pull_policy_follows_the_tag(string image, string expected)
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject pod = await fixture.CreateAsync("Pod", $$$"""{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"{{{image}}}"}]}}""");
        Assert.Equal(expected, pod.Document.Objects("spec.containers").Single().Text("imagePullPolicy"));
    }

    [Fact]
    public async Task Generated_names_end_in_five_letters_of_their_alphabet()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        string[] names = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await fixture.CreateAsync("ConfigMap", """{"metadata":{"generateName":"a-"}}""")).Name));
        Assert.Equal(20, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^a-[bcdfghjklmnpqrstvwxz2456789]{5}$", name));
        string longName = (await fixture.CreateAsync("ConfigMap", $$$"""{"metadata":{"generateName":"{{{new string('a', 100)}}}"}}""")).Name;
        Assert.Equal(63, longName.Length);
    }

    [Fact]
    public async Task What_exists_cannot_be_made_again()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment);
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Deployment", Deployment));
        Assert.Equal((409, "AlreadyExists", "deployments.apps \"d\" already exists"), (e.Code, e.Reason, e.Message));
        Assert.Equal((409, "AlreadyExists"), ((await ApiFixture.FailsAsync(() => fixture.CreateAsync("Deployment", Deployment, dryRun: true))).Code, e.Reason));
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"a","resourceVersion":"5"}}""", 400, "resourceVersion should not be set on objects to be created")]
    [InlineData("""{"metadata":{"name":"a","namespace":"other"}}""", 400, "the namespace of the provided object does not match the namespace sent on the request")]
    [InlineData("""{"metadata":{"name":"a"},"kind":"Secret"}""", 400, null)]
    [InlineData("""{}""", 422, "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required")]
    [InlineData("""{"metadata":{"name":"A"}}""", 422, "ConfigMap \"A\" is invalid: metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")]
    [InlineData("""{"metadata":{"name":"a","labels":{"b":"c d"}}}""", 422, null)]
    [InlineData("""{"metadata":{"name":"a"},"data":{"b c":"d"}}""", 422, null)]
    public async Task A_bad_object_is_refused(string json, int code, string? message)
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", json));
        Assert.Equal(code, e.Code);
        if (message is not null)
            Assert.Equal(message, e.Message);
    }

    [Fact]
    public async Task A_mebibyte_of_data_is_taken_and_more_is_too_long()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("ConfigMap", $$$"""{"metadata":{"name":"a"},"data":{"k":"{{{new string('x', 1 << 20)}}}"}}""");
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", $$$"""{"metadata":{"name":"b"},"data":{"k":"{{{new string('x', (1 << 20) + 1)}}}"}}"""));
        Assert.Equal("ConfigMap \"b\" is invalid: Too long: may not be more than 1048576 bytes", e.Message);
    }

    [Fact]
    public async Task A_missing_namespace_is_named()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""", space: "nope"));
        Assert.Equal((404, "namespaces \"nope\" not found"), (e.Code, e.Message));
    }

    [Fact]
    public async Task A_namespace_that_ends_takes_nothing_new_and_goes_when_it_is_finalized()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        DeleteResult deleting = await fixture.DeleteAsync("Namespace", "other");
        Assert.False(deleting.IsGone);
        Assert.Equal("Terminating", deleting.Object.Document.Text("status.phase"));
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""", space: "other"));
        Assert.Equal((403, "configmaps \"a\" is forbidden: unable to create new content in namespace other because it is being terminated", "NamespaceTerminating"), (e.Code, e.Message, e.Causes[0].Reason));
        await fixture.UpdateAsync("Namespace", "other", """{"metadata":{"name":"other"},"spec":{}}""", "finalize");
        Assert.Equal(404, (await ApiFixture.FailsAsync(() => fixture.GetAsync("Namespace", "other"))).Code);
    }

    [Fact]
    public async Task What_an_API_remembers_of_a_namespace_lets_nothing_into_one_that_ends_or_is_gone()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        var elsewhere = new KubernetesApi(fixture.Store, fixture.Api.Kinds, fixture.Time, new SeededIdentities(8));
        KindDescriptor spaces = fixture.Kind("Namespace");
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""", space: "other");
        // A change that ends nothing.
        await elsewhere.ModifyAsync(spaces, "", "other", found => Labelled(found.Document.Copy()), WriteOptions.Plain);
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"b"}}""", space: "other");
        await elsewhere.DeleteAsync(spaces, "", "other", new DeleteOptions());
        // The reason is the namespace, even where the name is taken too.
        foreach (string name in new[] { "a", "c" })
        {
            ApiException ending = await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", $$$"""{"metadata":{"name":"{{{name}}}"}}""", space: "other"));
            Assert.Equal((403, "NamespaceTerminating"), (ending.Code, ending.Causes[0].Reason));
        }

        await elsewhere.CreateAsync(spaces, "", fixture.Read("Namespace", """{"metadata":{"name":"third"}}"""), WriteOptions.Plain);
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""", space: "third");
        await EndAsync(elsewhere, "third");
        ApiException gone = await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"b"}}""", space: "third"));
        Assert.Equal((404, "namespaces \"third\" not found"), (gone.Code, gone.Message));
        await elsewhere.CreateAsync(spaces, "", fixture.Read("Namespace", """{"metadata":{"name":"third"}}"""), WriteOptions.Plain);
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"generateName":"b-"}}""", space: "third");
        await EndAsync(elsewhere, "third");
        Assert.Equal(404, (await ApiFixture.FailsAsync(() => fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"c"}}""", dryRun: true, space: "third"))).Code);

        async Task EndAsync(KubernetesApi api, string name)
        {
            await api.DeleteAsync(spaces, "", name, new DeleteOptions());
            await api.UpdateAsync(spaces, "", name, ObjectView.Of(spaces, "finalize"), fixture.Read("Namespace", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{}}"""), WriteOptions.Plain);
        }

        static JsonObject Labelled(JsonObject document)
        {
            document.Ensure("metadata.labels")["team"] = "a";
            return document;
        }
    }

    [Fact]
    public async Task A_stale_version_is_a_conflict_and_no_version_is_none()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject first = await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"},"data":{"k":"1"}}""");
        await fixture.UpdateAsync("ConfigMap", "a", """{"metadata":{"name":"a"},"data":{"k":"2"}}""");
        ApiException e = await ApiFixture.FailsAsync(() => fixture.UpdateAsync("ConfigMap", "a", $$$"""{"metadata":{"name":"a","resourceVersion":"{{{first.Revision}}}"},"data":{"k":"3"}}"""));
        Assert.Equal((409, "Conflict", "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"), (e.Code, e.Reason, e.Message));
        Assert.Equal("2", (await fixture.GetAsync("ConfigMap", "a")).Document.Text("data.k"));
    }

    [Fact]
    public async Task A_lease_wants_the_version()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Lease", """{"metadata":{"name":"a"},"spec":{"holderIdentity":"x"}}""");
        ApiException e = await ApiFixture.FailsAsync(() => fixture.UpdateAsync("Lease", "a", """{"metadata":{"name":"a"},"spec":{"holderIdentity":"y"}}"""));
        Assert.Equal("Lease.coordination.k8s.io \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update", e.Message);
    }

    [Fact]
    public async Task A_write_that_changes_nothing_keeps_the_version()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject made = await fixture.CreateAsync("Deployment", Deployment);
        Assert.Equal(made.Revision, (await fixture.UpdateAsync("Deployment", "d", Deployment)).Revision);
        Assert.Equal(made.Revision, (await fixture.UpdateAsync("Deployment", "d", made.Document.ToJsonString())).Revision);
        Assert.Equal(made.Revision, (await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, "{}")).Revision);
    }

    [Fact]
    public async Task The_generation_counts_what_is_asked_for()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment);
        Assert.Equal(1, (await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"metadata":{"labels":{"x":"y"}}}""")).Document.Number("metadata.generation"));
        Assert.Equal(2, (await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"spec":{"replicas":3}}""")).Document.Number("metadata.generation"));
        Assert.Equal(2, (await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"status":{"replicas":3}}""", "status")).Document.Number("metadata.generation"));
    }

    [Fact]
    public async Task The_status_has_its_own_path()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment.Replace("\"spec\":{\"sel", "\"status\":{\"replicas\":9},\"spec\":{\"sel", StringComparison.Ordinal));
        Assert.Null((await fixture.GetAsync("Deployment", "d")).Document.Number("status.replicas"));
        await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"status":{"replicas":9}}""");
        Assert.Null((await fixture.GetAsync("Deployment", "d")).Document.Number("status.replicas"));
        JsonObject changed = (await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"status":{"replicas":9},"spec":{"replicas":7}}""", "status")).Document;
        Assert.Equal((9L, 1L), (changed.Number("status.replicas"), changed.Number("spec.replicas")));
    }

    [Fact]
    public async Task The_scale_has_its_own_path()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment);
        JsonObject changed = (await fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"spec":{"replicas":5}}""", "scale")).Document;
        Assert.Equal((5L, 2L), (changed.Number("spec.replicas"), changed.Number("metadata.generation")));
        Assert.Equal("Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            (await ApiFixture.FailsAsync(() => fixture.PatchAsync("Deployment", "d", PatchForm.Merge, """{"spec":{"replicas":-1}}""", "scale"))).Message);
    }

    [Theory]
    [InlineData("""{"spec":{"selector":{"matchLabels":{"a":"c"}},"template":{"metadata":{"labels":{"a":"c"}}}}}""", "Deployment.apps \"d\" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"a\":\"c\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable")]
    [InlineData("""{"spec":{"template":{"metadata":{"labels":{"a":"c"}}}}}""", "Deployment.apps \"d\" is invalid: spec.template.metadata.labels: Invalid value: map[string]string{\"a\":\"c\"}: `selector` does not match template `labels`")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[]}}}}""", "Deployment.apps \"d\" is invalid: spec.template.spec.containers: Required value")]
    [InlineData("""{"spec":{"template":{"spec":{"restartPolicy":"Never"}}}}""", "Deployment.apps \"d\" is invalid: spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"")]
    public async Task A_deployment_keeps_its_rules(string patch, string expected)
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment);
        Assert.Equal(expected, (await ApiFixture.FailsAsync(() => fixture.PatchAsync("Deployment", "d", PatchForm.Merge, patch))).Message);
    }

    [Fact]
    public async Task Of_a_pod_only_the_image_may_change()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Pod", Pod);
        await fixture.PatchAsync("Pod", "web", PatchForm.Strategic, """{"spec":{"containers":[{"name":"c","image":"nginx:2"}]}}""");
        ApiException e = await ApiFixture.FailsAsync(() => fixture.PatchAsync("Pod", "web", PatchForm.Strategic, """{"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"B"}]}]}}"""));
        Assert.StartsWith("Pod \"web\" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`", e.Message, StringComparison.Ordinal);
        Assert.Equal(422, (await ApiFixture.FailsAsync(() => fixture.PatchAsync("Pod", "web", PatchForm.Merge, """{"spec":{"nodeName":"n2"}}"""))).Code);
    }

    [Fact]
    public async Task Finalizers_keep_an_object_that_is_being_deleted()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a","finalizers":["example.com/x"]}}""");
        DeleteResult first = await fixture.DeleteAsync("ConfigMap", "a");
        Assert.False(first.IsGone);
        Assert.Equal(("2026-01-02T03:04:05Z", 0L), (first.Object.Document.Text("metadata.deletionTimestamp"), first.Object.Document.Number("metadata.deletionGracePeriodSeconds")));
        ApiException e = await ApiFixture.FailsAsync(() => fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, """{"metadata":{"finalizers":["example.com/x","example.com/y"]}}"""));
        Assert.Contains("no new finalizers can be added if the object is being deleted, found new finalizers []string{\"example.com/y\"}", e.Message, StringComparison.Ordinal);
        await fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, """{"metadata":{"finalizers":null}}""");
        Assert.Equal(404, (await ApiFixture.FailsAsync(() => fixture.GetAsync("ConfigMap", "a"))).Code);
    }

    [Theory]
    [InlineData("Foreground", "foregroundDeletion")]
    [InlineData("Orphan", "orphan")]
    public async Task The_propagation_policy_becomes_a_finalizer(string policy, string finalizer)
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment);
        DeleteResult result = await fixture.DeleteAsync("Deployment", "d", new DeleteOptions(PropagationPolicy: policy));
        Assert.False(result.IsGone);
        Assert.Equal([finalizer], result.Object.Document.Texts("metadata.finalizers"));
    }

    [Fact]
    public async Task A_pod_on_a_node_lingers_for_its_grace_period_until_the_kubelet_lets_it_go()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Pod", BoundPod);
        DeleteResult first = await fixture.DeleteAsync("Pod", "web");
        Assert.Equal((false, "2026-01-02T03:04:35Z", 30L), (first.IsGone, first.Object.Document.Text("metadata.deletionTimestamp"), first.Object.Document.Number("metadata.deletionGracePeriodSeconds")));
        DeleteResult longer = await fixture.DeleteAsync("Pod", "web", new DeleteOptions(60));
        Assert.Equal(30, longer.Object.Document.Number("metadata.deletionGracePeriodSeconds"));
        DeleteResult shorter = await fixture.DeleteAsync("Pod", "web", new DeleteOptions(5));
        Assert.Equal("2026-01-02T03:04:10Z", shorter.Object.Document.Text("metadata.deletionTimestamp"));
        Assert.True((await fixture.DeleteAsync("Pod", "web", new DeleteOptions(0))).IsGone);
    }

    [Fact]
    public async Task A_pod_without_a_node_goes_at_once()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Pod", Pod);
        Assert.True((await fixture.DeleteAsync("Pod", "web")).IsGone);
    }

    [Fact]
    public async Task A_deletion_can_name_what_it_means()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        ApiException e = await ApiFixture.FailsAsync(() => fixture.DeleteAsync("ConfigMap", "a", new DeleteOptions(Uid: "other")));
        Assert.Equal(409, e.Code);
        Assert.Contains("Precondition failed: UID in precondition: other, UID in object meta: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_leaves_no_trace()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Pod", Pod);
        ApiObject before = await fixture.GetAsync("Pod", "web");
        Assert.Equal("", (await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"dry"}}""", dryRun: true)).Document.Text("metadata.resourceVersion"));
        await fixture.CreateAsync("Service", """{"metadata":{"name":"dry"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}""", dryRun: true);
        await fixture.CreateAsync("Service", """{"metadata":{"name":"wet"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}""");
        JsonObject dry = (await fixture.UpdateAsync("Service", "wet", """{"metadata":{"name":"wet"},"spec":{"type":"ClusterIP","ports":[{"port":81}]}}""", dryRun: true)).Document;
        Assert.Equal(81, dry.Objects("spec.ports").Single().Number("port"));
        Assert.Equal(80, (await fixture.GetAsync("Service", "wet")).Document.Objects("spec.ports").Single().Number("port"));
        Assert.True((await fixture.DeleteAsync("Pod", "web", new DeleteOptions(DryRun: true))).IsGone);
        Assert.Equal(before.Revision, (await fixture.GetAsync("Pod", "web")).Revision);
        Assert.Equal(404, (await ApiFixture.FailsAsync(() => fixture.GetAsync("ConfigMap", "dry"))).Code);
    }

    [Fact]
    public async Task A_patch_with_unknown_fields_is_refused_warned_about_or_trimmed()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Deployment", Deployment);
        const string patch = """{"spec":{"foo":1}}""";
        ApiException e = await ApiFixture.FailsAsync(() => fixture.PatchAsync("Deployment", "d", PatchForm.Merge, patch));
        Assert.Equal((422, "Deployment.apps \"d\" is invalid: patch: Invalid value: \"{\\\"spec\\\":{\\\"foo\\\":1}}\": strict decoding error: unknown field \"spec.foo\""), (e.Code, e.Message));
        WriteResult warned = await fixture.Api.PatchAsync(fixture.Kind("Deployment"), "default", "d", ActorNet.Kubernetes.Api.Views.ObjectView.Of(fixture.Kind("Deployment"), ""), new PatchRequest(PatchForm.Merge, JsonNode.Parse(patch)), WriteOptions.Plain);
        Assert.Equal(["unknown field \"spec.foo\""], warned.Warnings);
        Assert.Null(warned.Object.Document.At("spec.foo"));
    }

    [Fact]
    public async Task Writers_of_one_object_all_get_through()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("ConfigMap", """{"metadata":{"name":"a"}}""");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => fixture.PatchAsync("ConfigMap", "a", PatchForm.Merge, $$$"""{"data":{"k{{{i}}}":"v"}}"""))));
        Assert.Equal(50, (await fixture.GetAsync("ConfigMap", "a")).Document.Entries("data").Count());
    }

    [Fact]
    public async Task Objects_are_written_with_their_revision_without_being_read()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        foreach (string json in new[] { """{"metadata":{"name":"a"}}""", """{"metadata":{"name":"b","annotations":{"x":"ä\"<"}},"data":{"k":"v"}}""" })
        {
            ApiObject made = await fixture.CreateAsync("ConfigMap", json);
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            made.WriteTo(buffer);
            JsonNode written = JsonNode.Parse(buffer.WrittenSpan)!;
            Assert.True(JsonNode.DeepEquals(made.Document, written), written.ToJsonString());
            Assert.Equal(made.Revision.ToString(CultureInfo.InvariantCulture), written["metadata"]!["resourceVersion"]!.GetValue<string>());
        }
    }
}
