using ActorNet.Kubernetes.Client;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>Jobs, by upstream's job_controller_test.go, indexed_job_utils_test.go, backoff_utils_test.go and ttlafterfinished_controller_test.go.</summary>
public sealed class JobTests
{
    private static Task<TestCluster> NewAsync() => TestCluster.NewAsync("job-controller", "generic-garbage-collector");

    private static Task<V1Job> CreateAsync(TestCluster cluster, string spec, string restart = "Never") =>
        cluster.CreateAsync<V1Job>("""{"metadata":{"name":"work"},"spec":{%S"template":{"spec":{"restartPolicy":"%R","containers":[{"name":"c","image":"i:1"}]}}}}""".Replace("%S", spec, StringComparison.Ordinal).Replace("%R", restart, StringComparison.Ordinal));

    private static async Task<V1Pod[]> ActiveAsync(TestCluster cluster) => [.. (await cluster.ListAsync<V1Pod>()).Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Status.Phase is "Pending" or "Running")];

    private static async Task EndAsync(TestCluster cluster, string phase, int count = int.MaxValue)
    {
        foreach (V1Pod pod in (await ActiveAsync(cluster)).Take(count))
            await cluster.RunPodAsync(pod, ready: false, phase: phase);
        await cluster.SettleAsync();
    }

    private static async Task<V1JobStatus> StatusAsync(TestCluster cluster) => (await cluster.GetAsync<V1Job>("work")).Status;

    private static string? Condition(V1JobStatus status, string type) => status.Conditions?.SingleOrDefault(each => each.Type == type && each.Status == "True")?.Reason;

    [Fact]
    public async Task It_runs_as_many_at_once_as_it_may_until_enough_succeeded()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"completions\":5,\"parallelism\":2,");
        await cluster.SettleAsync();
        Assert.Equal(2, (await ActiveAsync(cluster)).Length);
        Assert.All(await ActiveAsync(cluster), pod => Assert.Equal(("batch.kubernetes.io/job-tracking", "work"), (Assert.Single(pod.Metadata.Finalizers), pod.Metadata.Labels["job-name"])));
        Assert.NotNull((await StatusAsync(cluster)).StartTime);
        await EndAsync(cluster, "Succeeded");
        Assert.Equal((2, 2, 2), ((await StatusAsync(cluster)).Succeeded, (await StatusAsync(cluster)).Active, (await ActiveAsync(cluster)).Length));
        await EndAsync(cluster, "Succeeded");
        Assert.Single(await ActiveAsync(cluster));
        await EndAsync(cluster, "Succeeded");
        V1JobStatus status = await StatusAsync(cluster);
        Assert.Equal((5, null, "CompletionsReached", "CompletionsReached"), (status.Succeeded, status.Active, Condition(status, "Complete"), Condition(status, "SuccessCriteriaMet")));
        Assert.NotNull(status.CompletionTime);
        Assert.All(await cluster.ListAsync<V1Pod>(), pod => Assert.Null(pod.Metadata.Finalizers));
        Assert.Equal(["Job completed"], await cluster.EventsAsync("work", "Completed"));
    }

    [Fact]
    public async Task A_pod_that_ended_counts_once_even_when_it_is_deleted_at_once()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"completions\":2,\"parallelism\":1,");
        await cluster.SettleAsync();
        V1Pod pod = Assert.Single(await ActiveAsync(cluster));
        await cluster.RunPodAsync(pod, ready: false, phase: "Succeeded");
        await cluster.Client.DeleteAsync<V1Pod>("default", pod.Metadata.Name);
        await cluster.SettleAsync();
        Assert.Null(await cluster.FindAsync<V1Pod>(pod.Metadata.Name));
        Assert.Equal(1, (await StatusAsync(cluster)).Succeeded);
    }

    [Fact]
    public async Task Failures_wait_longer_each_time_and_end_the_Job_beyond_its_limit()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"backoffLimit\":2,");
        await cluster.SettleAsync();
        // backoff_utils_test.go: 10 s behind the first failure, 20 s behind the second.
        foreach (int seconds in new[] { 10, 20 })
        {
            await EndAsync(cluster, "Failed");
            Assert.Empty(await ActiveAsync(cluster));
            await cluster.AdvanceAsync(seconds - 1);
            Assert.Empty(await ActiveAsync(cluster));
            await cluster.AdvanceAsync(1);
            Assert.Single(await ActiveAsync(cluster));
        }

        await EndAsync(cluster, "Failed");
        await cluster.AdvanceAsync(600);
        V1JobStatus status = await StatusAsync(cluster);
        Assert.Equal((3, "BackoffLimitExceeded", null), (status.Failed, Condition(status, "Failed"), Condition(status, "Complete")));
        Assert.Empty(await ActiveAsync(cluster));
        Assert.Equal(["Job has reached the specified backoff limit"], await cluster.EventsAsync("work", "BackoffLimitExceeded"));
    }

    [Fact]
    public async Task Restarts_in_place_count_towards_the_limit()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"backoffLimit\":2,", "OnFailure");
        await cluster.SettleAsync();
        V1Pod pod = Assert.Single(await ActiveAsync(cluster));
        await cluster.PatchAsync<V1Pod>(pod.Metadata.Name, """{"status":{"phase":"Running","containerStatuses":[{"name":"c","ready":false,"restartCount":2,"image":"i:1","imageID":""}]}}""", "status");
        await cluster.KubeletsAsync();
        Assert.Equal("BackoffLimitExceeded", Condition(await StatusAsync(cluster), "Failed"));
    }

    [Fact]
    public async Task A_Job_that_takes_too_long_is_ended()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"activeDeadlineSeconds\":30,");
        await cluster.KubeletsAsync();
        await cluster.AdvanceAsync(29);
        Assert.Single(await ActiveAsync(cluster));
        await cluster.AdvanceAsync(2);
        await cluster.KubeletsAsync();
        Assert.Equal("DeadlineExceeded", Condition(await StatusAsync(cluster), "Failed"));
        Assert.Empty(await ActiveAsync(cluster));
    }

    [Fact]
    public async Task An_indexed_Job_runs_each_index_once_and_says_which_are_done()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"completions\":4,\"parallelism\":4,\"completionMode\":\"Indexed\",");
        await cluster.SettleAsync();
        V1Pod[] pods = [.. (await ActiveAsync(cluster)).OrderBy(pod => pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"])];
        Assert.Equal(["work-0", "work-1", "work-2", "work-3"], pods.Select(pod => pod.Spec.Hostname));
        Assert.Equal("metadata.labels['batch.kubernetes.io/job-completion-index']", pods[0].Spec.Containers[0].Env.Single(each => each.Name == "JOB_COMPLETION_INDEX").ValueFrom.FieldRef.FieldPath);
        foreach (int index in new[] { 0, 2, 3 })
            await cluster.RunPodAsync(pods[index], ready: false, phase: "Succeeded");
        await cluster.RunPodAsync(pods[1], ready: false, phase: "Failed");
        await cluster.SettleAsync();
        Assert.Equal(("0,2,3", 3, 1), ((await StatusAsync(cluster)).CompletedIndexes, (await StatusAsync(cluster)).Succeeded, (await StatusAsync(cluster)).Failed));
        await cluster.AdvanceAsync(10);
        V1Pod again = Assert.Single(await ActiveAsync(cluster));
        Assert.Equal("1", again.Metadata.Labels["batch.kubernetes.io/job-completion-index"]);
        await EndAsync(cluster, "Succeeded");
        Assert.Equal(("0-3", "CompletionsReached"), ((await StatusAsync(cluster)).CompletedIndexes, Condition(await StatusAsync(cluster), "Complete")));
    }

    [Fact]
    public async Task A_suspended_Job_has_no_pods_until_it_goes_on()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "");
        await cluster.SettleAsync();
        await cluster.PatchAsync<V1Job>("work", """{"spec":{"suspend":true}}""");
        await cluster.KubeletsAsync();
        V1JobStatus status = await StatusAsync(cluster);
        Assert.Equal((0, "JobSuspended", null, null), ((await ActiveAsync(cluster)).Length, Condition(status, "Suspended"), status.StartTime, status.Failed));
        await cluster.PatchAsync<V1Job>("work", """{"spec":{"suspend":false}}""");
        await cluster.SettleAsync();
        Assert.Single(await ActiveAsync(cluster));
        Assert.Null(Condition(await StatusAsync(cluster), "Suspended"));
    }

    [Fact]
    public async Task A_finished_Job_goes_with_its_pods_when_its_time_is_over()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, "\"ttlSecondsAfterFinished\":60,");
        await cluster.SettleAsync();
        await EndAsync(cluster, "Succeeded");
        await cluster.AdvanceAsync(59);
        Assert.NotNull(await cluster.FindAsync<V1Job>("work"));
        await cluster.AdvanceAsync(1);
        await cluster.KubeletsAsync();
        Assert.Null(await cluster.FindAsync<V1Job>("work"));
        Assert.Empty(await cluster.ListAsync<V1Pod>());
    }
}
