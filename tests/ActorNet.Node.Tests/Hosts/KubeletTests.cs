using ActorNet.Kubernetes.Kubelet;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>The kubelet with real containers, real sockets over veth pair and bridge, and an API's messages.</summary>
public sealed class KubeletTests
{
    private const string Server = "image: registry.k8s.io/e2e-test-images/agnhost:2.53, args: [netexec]";
    private const string Sleeper = "image: busybox, command: [sleep, infinity]";

    [Fact]
    public async Task A_pod_of_the_api_runs_and_ends_and_the_api_hears_of_it()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run($"{{metadata: {{name: web}}, spec: {{containers: [{{name: server, {Server}}}, {{name: client, {Sleeper}}}]}}}}");
        await bed.ReadyAsync("web");
        V1PodStatus status = bed.Status("web");
        Assert.Equal(("Running", "10.244.1.2", "192.168.56.11"), (status.Phase, status.PodIP, status.HostIP));
        // Two containers of a pod are one network.
        await bed.UntilAsync(async () => await bed.ExecAsync("pod/web", "client", "wget -q -O - http://localhost:8080/hostname") == "web", "the client reaches the server");
        Assert.Contains("Started: Started container server", bed.Events);
        Assert.Contains(bed.Reports, static r => r is NodeStatusReported { Node: "n1" } node && node.Status.Conditions.Single(static c => c.Type == "Ready").Status == "True");
        Assert.Contains(bed.Reports, static r => r is NodeLeaseRenewed { Node: "n1" });

        bed.Delete("web", 30);
        await bed.GoneAsync("web");
        Assert.Contains("Killing: Stopping container server", bed.Events);
        Assert.All(bed.Status("web").ContainerStatuses, static c => Assert.NotNull(c.State.Terminated));
        Assert.Empty(await bed.Node.ListPodsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_container_that_crashes_is_started_again_and_the_log_before_is_kept()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync(new KubeletSettings());
        bed.Run("{metadata: {name: job}, spec: {containers: [{name: c, image: busybox, command: [sh, -c, 'echo run of $HOSTNAME; echo why > /dev/termination-log; exit 3']}]}}");
        // The second run comes at once, the third after ten seconds.
        await bed.UntilAsync(() => bed.Container("job", "c")?.State.Waiting?.Reason == "CrashLoopBackOff", "it crashes twice");
        V1ContainerStatus status = bed.Container("job", "c")!;
        Assert.Equal((1, 3, "Error", "why\n"), (status.RestartCount, status.LastState.Terminated.ExitCode, status.LastState.Terminated.Reason, status.LastState.Terminated.Message));
        Assert.Equal("back-off 10s restarting failed container=c pod=job_default(uid-default-job)", status.State.Waiting.Message);
        Assert.Equal("run of job\n", await bed.LogAsync("job", "c", previous: true));
        Assert.Equal("run of job\n", await bed.LogAsync("job", "c"));
        Assert.Equal("Running", bed.Status("job").Phase);
    }

    [Fact]
    public async Task A_container_that_cannot_be_started_says_what_a_runtime_says()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync(new KubeletSettings());
        bed.Run("{metadata: {name: typo}, spec: {containers: [{name: c, image: busybox, command: [slep, '1']}]}}");
        bed.Run("""
            {metadata: {name: mount}, spec: {restartPolicy: Never, volumes: [{name: v, emptyDir: {}}],
              containers: [{name: c, image: busybox, command: [sleep, '1'], volumeMounts: [{name: v, mountPath: /etc/hosts/v}]}]}}
            """);
        bed.Run("{metadata: {name: cwd}, spec: {containers: [{name: c, image: busybox, workingDir: /made/here, command: [sh, -c, 'pwd; ls /made; sleep infinity']}]}}");
        const string runc = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";
        await bed.UntilAsync(() => bed.Container("typo", "c")?.State.Waiting?.Reason == "CrashLoopBackOff", "it waits for its third start");
        V1ContainerStateTerminated last = bed.Container("typo", "c")!.LastState.Terminated;
        Assert.Equal((128, "StartError", runc + "exec: \"slep\": executable file not found in $PATH: unknown"), (last.ExitCode, last.Reason, last.Message));
        Assert.Contains("Failed: Error: " + last.Message, bed.Events);
        Assert.DoesNotContain(bed.Reports, static r => r is EventRaised { Event: { Reason: "Started", InvolvedObject.Name: "typo" or "mount" } });
        Assert.Equal("", await bed.LogAsync("typo", "c"));
        await bed.UntilAsync(() => bed.Status("mount").Phase == "Failed", "it failed");
        Assert.Equal(("StartError", runc + "error during container init: error mounting \"v\" to rootfs at \"/etc/hosts/v\": Not a directory: unknown"), (bed.Container("mount", "c")!.State.Terminated.Reason, bed.Container("mount", "c")!.State.Terminated.Message));
        await bed.ReadyAsync("cwd");
        await bed.UntilAsync(async () => await bed.LogAsync("cwd", "c") == "/made/here\nhere\n", "its working directory was made");
    }

    [Fact]
    public async Task A_pod_whose_containers_are_done_keeps_logs_and_address_and_gives_the_network_back()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("{metadata: {name: job}, spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [echo, done]}]}}");
        await bed.UntilAsync(() => bed.Status("job").Phase == "Succeeded" && bed.Status("job").Conditions.Single(static c => c.Type == "PodReadyToStartContainers").Status == "False", "it succeeds");
        Assert.Equal(("10.244.1.2", "Completed"), (bed.Status("job").PodIP, bed.Container("job", "c")!.State.Terminated.Reason));
        Assert.Equal("done\n", await bed.LogAsync("job", "c"));
        await bed.UntilAsync(async () => !(await bed.ExecAsync("node/n1", "", "ip -o link")).Contains("veth", StringComparison.Ordinal), "its veth pair is gone");
        bed.Unassign("job");
        await bed.GoneAsync("job");
    }

    [Fact]
    public async Task Init_containers_come_first_and_share_volumes_with_those_behind_them()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("""
            {metadata: {name: p}, spec: {
              volumes: [{name: shared, emptyDir: {}}],
              initContainers: [
                {name: one, image: busybox, command: [sh, -c, 'echo one > /shared/log'], volumeMounts: [{name: shared, mountPath: /shared}]},
                {name: two, image: busybox, command: [sh, -c, 'echo two >> /shared/log'], volumeMounts: [{name: shared, mountPath: /shared}]}],
              containers: [{name: c, image: busybox, command: [sh, -c, 'cat /data/log; sleep infinity'], volumeMounts: [{name: shared, mountPath: /data, readOnly: true}]}]}}
            """);
        await bed.ReadyAsync("p");
        await bed.UntilAsync(async () => await bed.LogAsync("p", "c") == "one\ntwo\n", "it has read what both wrote");
        Assert.Equal([0, 0], bed.Status("p").InitContainerStatuses.Select(static c => c.State.Terminated.ExitCode));
        Assert.Contains("Read-only file system", await bed.ExecAsync("pod/p", "c", "echo three >> /data/log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_config_map_is_files_and_variables_and_the_files_follow_it()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("""
            {metadata: {name: p, labels: {app: web}}, spec: {
              volumes: [{name: conf, configMap: {name: m, defaultMode: 256}}, {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}],
              containers: [{name: c, image: busybox, command: [sleep, infinity],
                env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: m, key: greeting}}}, {name: WHERE, value: $(GREETING) from $(NODE)}, {name: NODE, value: later}],
                volumeMounts: [{name: conf, mountPath: /etc/conf}, {name: info, mountPath: /etc/info}, {name: conf, mountPath: /etc/one, subPath: greeting}]}]}}
            """);
        await bed.UntilAsync(() => bed.Events.Any(static e => e == "FailedMount: MountVolume.SetUp failed for volume \"conf\" : configmap \"m\" not found"), "it waits for the ConfigMap");
        await bed.UntilAsync(() => bed.Container("p", "c")?.State.Waiting?.Reason == "ContainerCreating", "its container waits");
        bed.SetConfigMap("m", ("greeting", "hello"), ("other", "x"));
        await bed.ReadyAsync("p");
        Assert.Equal("hello|hello from $(NODE)|app=\"web\"|hello|-r--------\n", await bed.ExecAsync("pod/p", "c", "echo \"$(cat /etc/conf/greeting)|$WHERE|$(cat /etc/info/labels)|$(cat /etc/one)|$(ls -l /etc/conf/other | cut -c 1-10)\""));
        Assert.Contains("Read-only file system", await bed.ExecAsync("pod/p", "c", "rm /etc/conf/greeting"), StringComparison.Ordinal);

        bed.SetConfigMap("m", ("greeting", "bye"));
        await bed.UntilAsync(async () => await bed.ExecAsync("pod/p", "c", "ls /etc/conf; cat /etc/conf/greeting") == "greeting\nbye", "the files follow");
        // Neither variables nor a subPath do.
        Assert.Equal("hello hello", await bed.ExecAsync("pod/p", "c", "printf %s \"$GREETING $(cat /etc/one)\""));
        Assert.Equal(0, bed.Container("p", "c")!.RestartCount);
    }

    [Fact]
    public async Task A_new_token_is_in_the_volume_of_a_container_that_runs_on()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("""
            {metadata: {name: p}, spec: {volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: token, expirationSeconds: 3600}}]}}],
              containers: [{name: c, image: busybox, command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /v}]}]}}
            """);
        await bed.UntilAsync(() => bed.Events.Any(static e => e.StartsWith("FailedMount", StringComparison.Ordinal)), "it waits for its token");
        bed.SetToken("p", "the-first");
        await bed.ReadyAsync("p");
        Assert.Equal("the-first", await bed.ExecAsync("pod/p", "c", "cat /v/token"));

        bed.SetToken("p", "the-second-one");
        await bed.UntilAsync(async () => await bed.ExecAsync("pod/p", "c", "cat /v/token") == "the-second-one", "the container sees the new one");
        Assert.Equal(0, bed.Container("p", "c")!.RestartCount);
    }

    [Fact]
    public async Task A_failed_liveness_probe_starts_the_container_anew()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("""
            {metadata: {name: p}, spec: {terminationGracePeriodSeconds: 2, containers: [{name: c, image: busybox, command: [sh, -c, 'touch /tmp/own; sleep infinity'],
              livenessProbe: {exec: {command: [sh, -c, 'test ! -e /tmp/ill || { echo I am ill; exit 1; }']}, timeoutSeconds: 60, periodSeconds: 1, failureThreshold: 1}}]}}
            """);
        await bed.ReadyAsync("p");
        await bed.UntilAsync(async () => await bed.ExecAsync("pod/p", "c", "ls /tmp") == "own\n", "it runs and is well");
        await bed.ExecAsync("pod/p", "c", "touch /tmp/ill");
        await bed.UntilAsync(() => bed.Container("p", "c") is { RestartCount: 1, State.Running: not null }, "it is restarted");
        Assert.Contains("Unhealthy: Liveness probe failed: I am ill\n", bed.Events);
        Assert.Contains("Killing: Container c failed liveness probe, will be restarted", bed.Events);
        // A new container has files of its own.
        await bed.UntilAsync(async () => await bed.ExecAsync("pod/p", "c", "ls /tmp") == "own\n", "it is well again");
    }

    [Theory]
    [InlineData("httpGet: {path: /readyz, port: http}", "Get \"http://10.244.1.2:8080/readyz\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)")]
    [InlineData("tcpSocket: {port: 8080}", "dial tcp 10.244.1.2:8080: i/o timeout")]
    public async Task Probes_cross_the_emulated_network(string probe, string failure)
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run($"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, {Server}, ports: [{{name: http, containerPort: 8080}}], readinessProbe: {{{probe}, periodSeconds: 1, failureThreshold: 1}}}}]}}}}");
        await bed.ReadyAsync("p");
        string veth = (await bed.Node.ListPodsAsync(TestContext.Current.CancellationToken)).Single().HostDevice;
        await bed.ExecAsync("node/n1", "", $"ip link set {veth} down");
        await bed.UntilAsync(() => !bed.IsReady("p"), "the veth pair is down, so it is not ready");
        await bed.UntilAsync(() => bed.Events.Contains($"Unhealthy: Readiness probe failed: {failure}"), failure);
        await bed.ExecAsync("node/n1", "", $"ip link set {veth} up");
        await bed.ReadyAsync("p");
        Assert.Equal(0, bed.Container("p", "c")!.RestartCount);
    }

    /// <summary>
    /// A probe of a real gRPC server: health by its service's name, through the emulated network only, and not any more once the server says so. Words:
    /// kubernetes pkg/probe/grpc/grpc.go.
    /// </summary>
    [Fact]
    public async Task A_grpc_probe_asks_a_real_server_over_the_emulated_network()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        const string probe = "periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5";
        bed.Run($"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, image: agnhost, args: [grpc-health-checking, --service=shop], readinessProbe: {{grpc: {{port: 5000, service: shop}}, {probe}}}}}]}}}}");
        bed.Run($"{{metadata: {{name: q}}, spec: {{containers: [{{name: c, image: agnhost, args: [grpc-health-checking], readinessProbe: {{grpc: {{port: 5000, service: other}}, {probe}}}}}]}}}}");
        bed.Run($"{{metadata: {{name: r}}, spec: {{containers: [{{name: c, {Server}, readinessProbe: {{grpc: {{port: 8080}}, {probe}}}}}]}}}}");
        await bed.ReadyAsync("p");
        await bed.UntilAsync(() => bed.Events.Contains("Unhealthy: Readiness probe failed: error: health rpc probe failed: unknown service"), "another service is not known");
        await bed.UntilAsync(() => bed.Events.Any(static e => e.StartsWith("Unhealthy: Readiness probe failed: error: ", StringComparison.Ordinal) && e.Contains("10.244.1.", StringComparison.Ordinal)), "a server of HTTP/1.1 is none");
        await bed.ExecAsync("pod/p", "c", "wget -q -O - http://127.0.0.1:8080/make-not-serving");
        await bed.UntilAsync(() => !bed.IsReady("p"), "it says that it does not serve");
        await bed.UntilAsync(() => bed.Events.Contains("Unhealthy: Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")"), "and the event has its word");
        await bed.ExecAsync("pod/p", "c", "wget -q -O - http://127.0.0.1:8080/make-serving");
        await bed.ReadyAsync("p");
        string veth = (await bed.Node.ListPodsAsync(TestContext.Current.CancellationToken)).Single(static pod => pod.Name == "p").HostDevice;
        await bed.ExecAsync("node/n1", "", $"ip link set {veth} down");
        await bed.UntilAsync(() => !bed.IsReady("p"), "the veth pair is down, so it is not ready");
        await bed.ExecAsync("node/n1", "", $"ip link set {veth} up");
        await bed.ReadyAsync("p");
        Assert.False(bed.IsReady("q") || bed.IsReady("r"));
        Assert.Equal(0, bed.Container("p", "c")!.RestartCount);
    }

    [Fact]
    public async Task A_probe_of_a_closed_port_says_so_as_upstream_does()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run($"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, {Server}, readinessProbe: {{httpGet: {{port: 81}}, periodSeconds: 1}}}}]}}}}");
        await bed.UntilAsync(() => bed.Events.Contains("Unhealthy: Readiness probe failed: Get \"http://10.244.1.2:81/\": dial tcp 10.244.1.2:81: connect: connection refused"), "refused");
        bed.Run($"{{metadata: {{name: q}}, spec: {{containers: [{{name: c, image: nginx, readinessProbe: {{httpGet: {{port: 80, path: /nothing}}, periodSeconds: 1}}}}]}}}}");
        await bed.UntilAsync(() => bed.Events.Contains("Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404"), "404");
    }

    [Fact]
    public async Task A_pre_stop_hook_runs_before_the_container_is_told_to_end()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("""
            {metadata: {name: p}, spec: {
              containers: [{name: c, image: busybox, command: [sh, -c, 'until test -e /tmp/stopping; do sleep 0.1; done; echo asked to stop; sleep infinity'],
                lifecycle: {preStop: {exec: {command: [sh, -c, 'touch /tmp/stopping; until test -e /tmp/go; do sleep 0.1; done']}}}}]}}
            """);
        await bed.ReadyAsync("p");
        bed.Delete("p", 300);
        await bed.UntilAsync(async () => await bed.LogAsync("p", "c") == "asked to stop\n", "the hook has run");
        Assert.NotNull(bed.Container("p", "c")!.State.Running);
        await bed.ExecAsync("pod/p", "c", "touch /tmp/go");
        await bed.GoneAsync("p");
        Assert.Equal(143, bed.Container("p", "c")!.State.Terminated.ExitCode);
    }

    [Fact]
    public async Task A_container_that_is_deaf_is_killed_and_its_ports_are_free_for_the_next()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run("""
            {metadata: {name: p}, spec: {terminationGracePeriodSeconds: 2, containers: [{name: c, image: agnhost, args: [netexec, --delay-shutdown=100000],
              livenessProbe: {exec: {command: [test, '!', -e, /tmp/ill]}, timeoutSeconds: 60, periodSeconds: 1, failureThreshold: 1},
              readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}}]}}
            """);
        await bed.ReadyAsync("p");
        await bed.ExecAsync("pod/p", "c", "touch /tmp/ill");
        await bed.UntilAsync(() => bed.Container("p", "c") is { RestartCount: 1, State.Running: not null }, "it is restarted");
        Assert.Equal(137, bed.Container("p", "c")!.LastState.Terminated.ExitCode);
        await bed.ReadyAsync("p");
    }

    [Fact]
    public async Task Pods_stay_while_nobody_listens_and_whoever_comes_hears_the_whole()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync();
        bed.Run($"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, {Sleeper}}}]}}}}");
        await bed.ReadyAsync("p");
        bed.Node.ListenToKubelet(null);
        string before = await bed.ExecAsync("pod/p", "c", "touch /tmp/here; hostname -i");
        int heard = bed.Reports.Count();
        bed.Listen();
        await bed.UntilAsync(() => bed.Reports.Skip(heard).OfType<PodStatusChanged>().Any(static s => s is { Name: "p", Status.Phase: "Running" }), "the status is told anew");
        Assert.Contains(bed.Reports.Skip(heard), static r => r is NodeStatusReported);
        // The same container as before.
        Assert.Equal("/tmp/here\n" + before, await bed.ExecAsync("pod/p", "c", "ls /tmp/here; hostname -i"));
    }

    [Fact]
    public async Task A_node_and_its_pods_that_the_api_calls_not_ready_say_so_themselves_until_the_api_agrees()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync(new KubeletSettings { LeaseRenewPeriod = TimeSpan.FromMilliseconds(20) });
        bed.Run($"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, {Sleeper}}}]}}}}");
        await bed.ReadyAsync("p");
        bed.KnowNode("True");
        bed.KnowPod("p", "True");
        int heard = bed.Reports.Count();
        // As the node lifecycle controller does for a node whose lease is over (kubernetes pkg/controller/nodelifecycle).
        bed.KnowNode("Unknown");
        bed.KnowPod("p", "False");
        await bed.UntilAsync(() => bed.Reports.Skip(heard).Any(static r => r is NodeStatusReported), "the node's status is told again");
        await bed.UntilAsync(() => bed.Reports.Skip(heard).Any(static r => r is PodStatusChanged { Name: "p" }), "the pod's status is told again");
        bed.KnowNode("True");
        bed.KnowPod("p", "True");
        await BeatsAsync(bed, 2);
        heard = bed.Reports.Count();
        await BeatsAsync(bed, 5);
        Assert.DoesNotContain(bed.Reports.Skip(heard), static r => r is NodeStatusReported or PodStatusChanged);
    }

    private static Task BeatsAsync(KubeletBed bed, int beats)
    {
        int from = bed.Reports.OfType<NodeLeaseRenewed>().Count();
        return bed.UntilAsync(() => bed.Reports.OfType<NodeLeaseRenewed>().Count() >= from + beats, "the lease is renewed");
    }

    [Fact]
    public async Task Pods_of_two_namespaces_may_have_one_name_and_pods_over_the_nodes_measure_are_refused()
    {
        await using KubeletBed bed = await KubeletBed.StartAsync(new KubeletSettings { MaxPods = 2 });
        CancellationToken ct = TestContext.Current.CancellationToken;
        await bed.Node.RunPodAsync(new V1Pod { Metadata = new V1ObjectMeta { Name = "p" }, Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "pause" }] } }, ct);
        bed.Run($"{{metadata: {{name: p, namespace: other}}, spec: {{containers: [{{name: c, {Sleeper}}}]}}}}");
        await bed.ReadyAsync("p");
        Assert.NotNull(await bed.Node.FindAsync("pod/other/p", "c", ct));
        Assert.Contains("search other.svc.cluster.local svc.cluster.local cluster.local", await bed.ExecAsync("pod/other/p", "c", "cat /etc/resolv.conf"), StringComparison.Ordinal);
        bed.Run($"{{metadata: {{name: q}}, spec: {{containers: [{{name: c, {Sleeper}}}]}}}}");
        await bed.UntilAsync(() => bed.Status("q").Phase == "Failed", "there is no room for it");
        Assert.Equal("OutOfpods", bed.Status("q").Reason);
        Assert.True(await bed.Node.DeletePodAsync("p", ct));
        Assert.True(bed.IsReady("p"));
    }
}
