using System.Globalization;
using ActorNet.Kubernetes.Api;
using CsCheck;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>Deployments, by upstream's pkg/controller/deployment: rolling_test.go, sync_test.go, recreate_test.go, progress_test.go, and kubernetes.io's page on Deployments.</summary>
public sealed class DeploymentTests
{
    private const string Template = """{"metadata":{"name":"web"},"spec":{"replicas":%R,%M"strategy":%S,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"%I"}]}}}}""";

    private static string Deployment(int replicas, string strategy = "{}", string image = "nginx:1", string more = "") =>
        Template.Replace("%R", $"{replicas}", StringComparison.Ordinal).Replace("%M", more, StringComparison.Ordinal).Replace("%S", strategy, StringComparison.Ordinal).Replace("%I", image, StringComparison.Ordinal);

    private static string Rolling(string surge, string unavailable) =>
        """{"type":"RollingUpdate","rollingUpdate":{"maxSurge":%1,"maxUnavailable":%2}}""".Replace("%1", surge, StringComparison.Ordinal).Replace("%2", unavailable, StringComparison.Ordinal);

    private static Task<TestCluster> NewAsync() => TestCluster.NewAsync("deployment-controller", "replicaset-controller");

    private static async Task<V1ReplicaSet[]> SetsAsync(TestCluster cluster) =>
        [.. (await cluster.ListAsync<V1ReplicaSet>()).OrderBy(set => long.Parse(set.Metadata.Annotations["deployment.kubernetes.io/revision"], CultureInfo.InvariantCulture))];

    private static V1DeploymentCondition Condition(V1Deployment deployment, string type) => Assert.Single(deployment.Status.Conditions, each => each.Type == type);

    [Fact]
    public async Task A_new_Deployment_rolls_out_and_says_so()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(3));
        await cluster.SettleAsync();
        V1Deployment deployment = await cluster.GetAsync<V1Deployment>("web");
        V1ReplicaSet set = Assert.Single(await SetsAsync(cluster));
        string hash = set.Metadata.Labels["pod-template-hash"];
        Assert.Matches("^[bcdfghjklmnpqrstvwxz2456789]{5,10}$", hash);
        Assert.Equal(($"web-{hash}", hash, hash, "web"), (set.Metadata.Name, set.Spec.Selector.MatchLabels["pod-template-hash"], set.Spec.Template.Metadata.Labels["pod-template-hash"], set.Metadata.OwnerReferences[0].Name));
        Assert.Equal(("1", "3", "4"), (set.Metadata.Annotations["deployment.kubernetes.io/revision"], set.Metadata.Annotations["deployment.kubernetes.io/desired-replicas"], set.Metadata.Annotations["deployment.kubernetes.io/max-replicas"]));
        Assert.Equal("1", deployment.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal(("False", "MinimumReplicasUnavailable"), (Condition(deployment, "Available").Status, Condition(deployment, "Available").Reason));
        Assert.Equal("True", Condition(deployment, "Progressing").Status);
        Assert.Equal([$"Scaled up replica set {set.Metadata.Name} from 0 to 3"], await cluster.EventsAsync("web", "ScalingReplicaSet"));

        await cluster.KubeletsAsync();
        deployment = await cluster.GetAsync<V1Deployment>("web");
        Assert.Equal((3, 3, 3, 3, null, 1L), (deployment.Status.Replicas, deployment.Status.UpdatedReplicas, deployment.Status.ReadyReplicas, deployment.Status.AvailableReplicas, deployment.Status.UnavailableReplicas, deployment.Status.ObservedGeneration));
        V1DeploymentCondition progress = Condition(deployment, "Progressing");
        Assert.Equal(("True", "NewReplicaSetAvailable", $"ReplicaSet \"{set.Metadata.Name}\" has successfully progressed."), (progress.Status, progress.Reason, progress.Message));
        Assert.Equal(("True", "MinimumReplicasAvailable", "Deployment has minimum availability."), (Condition(deployment, "Available").Status, Condition(deployment, "Available").Reason, Condition(deployment, "Available").Message));
    }

    [Theory]
    // TestDeploymentController_reconcileNewReplicaSet.
    [InlineData(10, 2, 10, 0, 2)]
    [InlineData(10, 2, 5, 0, 7)]
    [InlineData(10, 2, 10, 2, 2)]
    [InlineData(10, 2, 2, 11, 10)]
    public async Task The_new_ReplicaSet_grows_as_far_as_the_surge_lets_it(int replicas, int surge, int old, int now, int expected) =>
        Assert.Equal(expected, (await SizesAsync(replicas, surge, 0, (old, old), (now, 0))).New);

    [Theory]
    // TestDeploymentController_reconcileOldReplicaSets.
    [InlineData(10, 0, 10, 0, 10, 0, 9)]
    [InlineData(10, 2, 10, 0, 10, 0, 8)]
    [InlineData(10, 2, 10, 0, 8, 0, 8)]
    [InlineData(10, 2, 10, 0, 9, 0, 8)]
    [InlineData(10, 2, 8, 2, 8, 0, 8)]
    public async Task Old_ReplicaSets_shrink_as_far_as_availability_lets_them(int replicas, int unavailable, int old, int now, int readyOld, int readyNew, int expected) =>
        Assert.Equal(expected, (await SizesAsync(replicas, 0, unavailable, (old, readyOld), (now, readyNew))).Old);

    // Two ReplicaSets as they are, and their sizes when the Deployment's controller alone has looked at them.
    private static async Task<(int Old, int New)> SizesAsync(int replicas, int surge, int unavailable, (int Size, int Available) old, (int Size, int Available) now)
    {
        TestCluster cluster = await TestCluster.NewAsync("deployment-controller");
        foreach ((string name, string image, (int size, int available)) in new[] { ("web-old", "nginx:0", old), ("web-new", "nginx:1", now) })
        {
            await cluster.CreateAsync<V1ReplicaSet>(Deployment(size, image: image).Replace("{\"name\":\"web\"}", $"{{\"name\":\"{name}\",\"labels\":{{\"app\":\"web\"}}}}", StringComparison.Ordinal).Replace("\"strategy\":{},", "", StringComparison.Ordinal));
            await cluster.PatchAsync<V1ReplicaSet>(name, $$$"""{"status":{"observedGeneration":1,"replicas":{{{size}}},"readyReplicas":{{{available}}},"availableReplicas":{{{available}}}}}""", "status");
        }

        await cluster.CreateAsync<V1Deployment>(Deployment(replicas, Rolling($"{surge}", $"{(surge == 0 && unavailable == 0 ? 1 : unavailable)}")));
        await cluster.SettleAsync();
        Assert.Equal(2, (await cluster.ListAsync<V1ReplicaSet>()).Count);
        return ((await cluster.GetAsync<V1ReplicaSet>("web-old")).Spec.Replicas!.Value, (await cluster.GetAsync<V1ReplicaSet>("web-new")).Spec.Replicas!.Value);
    }

    [Fact]
    public async Task A_Deployment_that_is_scaled_while_it_rolls_shares_the_difference_in_proportion()
    {
        // kubernetes.io, Deployments, Proportional Scaling: 10 replicas with maxSurge 3 and maxUnavailable 2 stand at 8 old and 5 new; scaled to 15, 3 come to the old and 2 to the new.
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(10, Rolling("3", "2")));
        await cluster.KubeletsAsync();
        await SetImageAsync(cluster, "nginx:sometag");
        await cluster.SettleAsync();
        await DeletionsAsync(cluster);
        Assert.Equal([8, 5], (await SetsAsync(cluster)).Select(set => set.Spec.Replicas!.Value));
        await cluster.PatchAsync<V1Deployment>("web", """{"spec":{"replicas":15}}""");
        await cluster.SettleAsync();
        Assert.Equal([11, 7], (await SetsAsync(cluster)).Select(set => set.Spec.Replicas!.Value));
    }

    [Theory]
    [InlineData("1", "0")]
    [InlineData("0", "1")]
    [InlineData("\"25%\"", "\"25%\"")]
    [InlineData("\"100%\"", "\"50%\"")]
    public async Task A_rolling_update_keeps_its_bounds_and_ends_with_the_new_template_alone(string surge, string unavailable)
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(5, Rolling(surge, unavailable)));
        await cluster.KubeletsAsync();
        (int most, int least) = (surge, unavailable) switch { ("1", _) => (6, 5), ("0", _) => (5, 4), ("\"25%\"", _) => (7, 4), _ => (10, 3) };
        cluster.AfterStep = async () =>
        {
            IReadOnlyList<V1Pod> pods = await cluster.ListAsync<V1Pod>();
            Assert.InRange(pods.Count(pod => pod.Metadata.DeletionTimestamp is null), least, most);
            Assert.InRange(pods.Count(pod => pod.Metadata.DeletionTimestamp is null && IsReady(pod)), least, most);
        };
        await SetImageAsync(cluster, "nginx:2");
        await cluster.KubeletsAsync();
        V1ReplicaSet[] sets = await SetsAsync(cluster);
        Assert.Equal([0, 5], sets.Select(set => set.Spec.Replicas!.Value));
        Assert.All(await cluster.ListAsync<V1Pod>(), pod => Assert.Equal("nginx:2", pod.Spec.Containers[0].Image));
        Assert.Equal("2", (await cluster.GetAsync<V1Deployment>("web")).Metadata.Annotations["deployment.kubernetes.io/revision"]);
    }

    [Fact]
    public async Task An_undo_by_kubectl_reuses_the_old_ReplicaSet_under_a_new_revision()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(2));
        await cluster.KubeletsAsync();
        string first = (await SetsAsync(cluster))[0].Metadata.Name;
        await SetImageAsync(cluster, "nginx:2");
        await cluster.KubeletsAsync();
        // kubectl rollout undo patches the template of the ReplicaSet with the revision before back in.
        await SetImageAsync(cluster, "nginx:1");
        await cluster.KubeletsAsync();
        V1ReplicaSet[] sets = await SetsAsync(cluster);
        Assert.Equal(2, sets.Length);
        Assert.Equal((first, "3", "1", 2), (sets[1].Metadata.Name, sets[1].Metadata.Annotations["deployment.kubernetes.io/revision"], sets[1].Metadata.Annotations["deployment.kubernetes.io/revision-history"], sets[1].Spec.Replicas));
    }

    [Fact]
    public async Task Recreate_lets_every_old_pod_go_before_a_new_one_comes()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(3, """{"type":"Recreate"}"""));
        await cluster.KubeletsAsync();
        foreach (V1Pod pod in await cluster.ListAsync<V1Pod>())
            await cluster.Client.BindAsync("default", pod.Metadata.Name, "n1");
        await SetImageAsync(cluster, "nginx:2");
        await cluster.SettleAsync();
        IReadOnlyList<V1Pod> going = await cluster.ListAsync<V1Pod>();
        Assert.Equal(3, going.Count);
        Assert.All(going, pod => Assert.Equal("nginx:1", pod.Spec.Containers[0].Image));
        await cluster.KubeletsAsync();
        Assert.All(await cluster.ListAsync<V1Pod>(), pod => Assert.Equal("nginx:2", pod.Spec.Containers[0].Image));
        Assert.Equal(3, (await cluster.GetAsync<V1Deployment>("web")).Status.AvailableReplicas);
    }

    [Fact]
    public async Task A_paused_Deployment_scales_but_does_not_roll()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(2));
        await cluster.KubeletsAsync();
        await cluster.PatchAsync<V1Deployment>("web", """{"spec":{"paused":true,"replicas":4}}""");
        await SetImageAsync(cluster, "nginx:2");
        await cluster.KubeletsAsync();
        V1Deployment paused = await cluster.GetAsync<V1Deployment>("web");
        Assert.Equal((1, 4), ((await SetsAsync(cluster)).Length, (await SetsAsync(cluster))[0].Spec.Replicas));
        Assert.Equal(("Unknown", "DeploymentPaused"), (Condition(paused, "Progressing").Status, Condition(paused, "Progressing").Reason));
        await cluster.PatchAsync<V1Deployment>("web", """{"spec":{"paused":false}}""");
        await cluster.KubeletsAsync();
        Assert.Equal([0, 4], (await SetsAsync(cluster)).Select(set => set.Spec.Replicas!.Value));
        Assert.Equal("NewReplicaSetAvailable", Condition(await cluster.GetAsync<V1Deployment>("web"), "Progressing").Reason);
    }

    [Fact]
    public async Task A_rollout_that_stands_still_is_given_up_at_its_deadline_and_recovers()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(2, more: "\"progressDeadlineSeconds\":60,"));
        await cluster.KubeletsAsync(ready: false);
        await cluster.AdvanceAsync(59);
        Assert.Equal("True", Condition(await cluster.GetAsync<V1Deployment>("web"), "Progressing").Status);
        await cluster.AdvanceAsync(5);
        V1DeploymentCondition late = Condition(await cluster.GetAsync<V1Deployment>("web"), "Progressing");
        Assert.Equal(("False", "ProgressDeadlineExceeded", $"ReplicaSet \"{(await SetsAsync(cluster))[0].Metadata.Name}\" has timed out progressing."), (late.Status, late.Reason, late.Message));
        foreach (V1Pod pod in await cluster.ListAsync<V1Pod>())
            await cluster.RunPodAsync(pod);
        await cluster.SettleAsync();
        Assert.Equal(("True", "NewReplicaSetAvailable"), (Condition(await cluster.GetAsync<V1Deployment>("web"), "Progressing").Status, Condition(await cluster.GetAsync<V1Deployment>("web"), "Progressing").Reason));
    }

    [Fact]
    public async Task History_is_kept_up_to_its_limit()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(1, more: "\"revisionHistoryLimit\":2,"));
        await cluster.KubeletsAsync();
        for (int version = 2; version <= 6; version++)
        {
            await SetImageAsync(cluster, $"nginx:{version}");
            await cluster.KubeletsAsync();
        }

        Assert.Equal(["4", "5", "6"], (await SetsAsync(cluster)).Select(set => set.Metadata.Annotations["deployment.kubernetes.io/revision"]));
    }

    [Fact]
    public async Task A_hash_that_someone_else_has_is_counted_as_a_collision_and_another_is_taken()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Deployment>(Deployment(1));
        await cluster.KubeletsAsync();
        V1ReplicaSet taken = (await SetsAsync(cluster))[0];
        await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("apps", "Deployment"), "default", "web", new DeleteOptions());
        await cluster.PatchAsync<V1ReplicaSet>(taken.Metadata.Name, """{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"other","controller":true},{"$patch":"delete","uid":"UID"}]}}""".Replace("UID", taken.Metadata.OwnerReferences[0].Uid, StringComparison.Ordinal));
        await cluster.CreateAsync<V1Deployment>(Deployment(1));
        await cluster.KubeletsAsync();
        Assert.Equal(1, (await cluster.GetAsync<V1Deployment>("web")).Status.CollisionCount);
        Assert.Equal(2, (await cluster.ListAsync<V1ReplicaSet>()).Count);
        Assert.Equal(1, (await cluster.GetAsync<V1Deployment>("web")).Status.AvailableReplicas);
    }

    private enum Churn { SetImage, Scale, RunPod, FlipPod, DeletePod, FailPod, KubeletDeletes, Feed, Step, Late, OnTime }

    private static readonly Gen<(Churn What, int Which)> Event = Gen.Select(Gen.Enum<Churn>(), Gen.Int[0, 1000]);

    private static readonly Gen<(string Surge, string Unavailable)> Bounds = Gen.OneOfConst(("1", "0"), ("0", "1"), ("2", "1"), ("\"25%\"", "\"25%\""), ("\"50%\"", "\"0%\""));

    /// <summary>
    /// Whatever happens and however late the caches are, the ReplicaSets never ask for more than replicas and surge together, and when it
    /// is over the set is what was asked for. The size that is asked for stays until a step has seen the one before it.
    /// </summary>
    [Fact]
    public async Task Under_churn_the_surge_is_kept_and_the_set_converges() =>
        await Gen.Select(Bounds, Event.List[10, 60]).SampleAsync(
            async run =>
            {
                ((string surge, string unavailable), List<(Churn What, int Which)> events) = run;
                TestCluster cluster = await NewAsync();
                await cluster.CreateAsync<V1Deployment>(Deployment(4, Rolling(surge, unavailable)));
                cluster.AfterStep = async () =>
                {
                    V1Deployment deployment = await cluster.GetAsync<V1Deployment>("web");
                    Assert.InRange((await cluster.ListAsync<V1ReplicaSet>()).Sum(set => set.Spec.Replicas!.Value), 0, Most(deployment));
                };
                foreach ((Churn what, int which) in events)
                    await ChurnAsync(cluster, what, which);
                cluster.Late.Clear();
                await cluster.KubeletsAsync();
                foreach (V1Pod pod in (await cluster.ListAsync<V1Pod>()).Where(pod => !IsReady(pod) && pod.Status.Phase != "Failed"))
                    await cluster.RunPodAsync(pod);
                await cluster.KubeletsAsync();
                await cluster.AdvanceAsync(1);
                await cluster.KubeletsAsync();
                V1Deployment end = await cluster.GetAsync<V1Deployment>("web");
                V1Pod[] pods = [.. (await cluster.ListAsync<V1Pod>()).Where(pod => pod.Status.Phase != "Failed")];
                Assert.Equal(end.Spec.Replicas, pods.Length);
                Assert.All(pods, pod => Assert.Equal(end.Spec.Template.Spec.Containers[0].Image, pod.Spec.Containers[0].Image));
                Assert.Equal((end.Spec.Replicas, end.Spec.Replicas), (end.Status.AvailableReplicas, end.Status.UpdatedReplicas));
            },
            iter: 20,
            threads: 1);

    /// <summary>When only the controllers take pods away, and caches may lag, there are never fewer available pods than the bounds allow.</summary>
    [Fact]
    public async Task However_late_the_caches_are_the_controllers_take_no_pod_away_that_is_needed() =>
        await Gen.Select(Bounds, Gen.Select(Gen.OneOfConst(Churn.SetImage, Churn.RunPod, Churn.RunPod, Churn.KubeletDeletes, Churn.Feed, Churn.Step, Churn.Step, Churn.Step, Churn.Late, Churn.OnTime), Gen.Int[0, 1000]).List[10, 80]).SampleAsync(
            async run =>
            {
                ((string surge, string unavailable), List<(Churn What, int Which)> events) = run;
                TestCluster cluster = await NewAsync();
                await cluster.CreateAsync<V1Deployment>(Deployment(5, Rolling(surge, unavailable)));
                await cluster.KubeletsAsync();
                V1Deployment deployment = await cluster.GetAsync<V1Deployment>("web");
                cluster.AfterStep = async () =>
                    Assert.InRange((await cluster.ListAsync<V1Pod>()).Count(pod => pod.Metadata.DeletionTimestamp is null && IsReady(pod)), Least(deployment), int.MaxValue);
                foreach ((Churn what, int which) in events)
                    await ChurnAsync(cluster, what, which);
                cluster.Late.Clear();
                await cluster.KubeletsAsync();
                Assert.Equal(5, (await cluster.GetAsync<V1Deployment>("web")).Status.AvailableReplicas);
            },
            iter: 20,
            threads: 1);

    private static async Task ChurnAsync(TestCluster cluster, Churn what, int which)
    {
        V1Pod[] pods = [.. await cluster.ListAsync<V1Pod>()];
        V1Pod? pod = pods.Length == 0 ? null : pods[which % pods.Length];
        switch (what)
        {
            case Churn.SetImage:
                await SetImageAsync(cluster, $"nginx:{which % 4}");
                break;
            case Churn.Scale:
                // A smaller Deployment has more pods than it may until the controller has seen it.
                await cluster.PatchAsync<V1Deployment>("web", $$$"""{"spec":{"replicas":{{{4 + (which % 3)}}}}}""");
                cluster.Late.Clear();
                (Func<Task>? check, cluster.AfterStep) = (cluster.AfterStep, null);
                await cluster.SettleAsync();
                cluster.AfterStep = check;
                break;
            case Churn.RunPod when pod is { Metadata.DeletionTimestamp: null, Status.Phase: not "Failed" }:
                await cluster.RunPodAsync(pod);
                break;
            case Churn.FlipPod when pod is { Metadata.DeletionTimestamp: null, Status.Phase: not "Failed" }:
                await cluster.RunPodAsync(pod, ready: !IsReady(pod));
                break;
            case Churn.FailPod when pod is not null:
                await cluster.RunPodAsync(pod, ready: false, phase: "Failed");
                break;
            case Churn.DeletePod when pod is not null:
                await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Pod"), "default", pod.Metadata.Name, new DeleteOptions());
                break;
            case Churn.KubeletDeletes:
                await DeletionsAsync(cluster);
                break;
            case Churn.Feed:
                await cluster.FeedAsync();
                break;
            case Churn.Step:
                await cluster.FeedAsync();
                await cluster.StepAsync(which);
                break;
            case Churn.Late:
                cluster.Late.Add((which % 3) switch { 0 => "Pod", 1 => "ReplicaSet", _ => "Deployment" });
                break;
            case Churn.OnTime:
                cluster.Late.Clear();
                break;
        }
    }

    private static int Scaled(IntOrString value, int replicas, bool up) =>
        value.Value.EndsWith('%') ? (int)(up ? Math.Ceiling(int.Parse(value.Value[..^1], CultureInfo.InvariantCulture) * replicas / 100.0) : Math.Floor(int.Parse(value.Value[..^1], CultureInfo.InvariantCulture) * replicas / 100.0)) : int.Parse(value.Value, CultureInfo.InvariantCulture);

    private static int Most(V1Deployment deployment) => deployment.Spec.Replicas!.Value + Scaled(deployment.Spec.Strategy.RollingUpdate.MaxSurge, deployment.Spec.Replicas.Value, true);

    private static int Least(V1Deployment deployment) => deployment.Spec.Replicas!.Value - Scaled(deployment.Spec.Strategy.RollingUpdate.MaxUnavailable, deployment.Spec.Replicas.Value, false);

    private static bool IsReady(V1Pod pod) => pod.Status.Phase == "Running" && pod.Status.Conditions?.Any(each => each is { Type: "Ready", Status: "True" }) == true;

    private static async Task SetImageAsync(TestCluster cluster, string image) =>
        await cluster.PatchAsync<V1Deployment>("web", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"%I"}]}}}}""".Replace("%I", image, StringComparison.Ordinal));

    // Kubelets let go what is being deleted, and nothing else happens on them.
    private static async Task DeletionsAsync(TestCluster cluster)
    {
        foreach (V1Pod pod in (await cluster.ListAsync<V1Pod>()).Where(pod => pod.Metadata.DeletionTimestamp is not null))
            await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Pod"), "default", pod.Metadata.Name, new DeleteOptions(0));
    }
}
