using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Tables;
using k8s.Models;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>A pod in the words of kubectl's table (kubernetes pkg/printers/internalversion/printers.go, printPod).</summary>
public static class PodSummary
{
    /// <summary>Ready containers of all, such as "1/2".</summary>
    public static string Ready(JsonObject pod)
    {
        int total = pod.Objects("spec.containers").Count() + Sidecars(pod).Count;
        int ready = pod.Objects("status.containerStatuses").Count(each => each.Flag("ready") && each.Object("state.running") is not null);
        HashSet<string> sidecars = Sidecars(pod);
        ready += pod.Objects("status.initContainerStatuses").Count(each => sidecars.Contains(each.Text("name")) && each.Flag("ready") && each.Object("state.running") is not null);
        return FormattableString.Invariant($"{ready}/{total}");
    }

    /// <summary>The state in one word.</summary>
    public static string Status(JsonObject pod)
    {
        string reason = pod.Text("status.reason") is { Length: > 0 } said ? said : pod.Text("status.phase");
        if (pod.Objects("status.conditions").Any(each => each.Text("type") == "PodScheduled" && each.Text("reason") == "SchedulingGated"))
            reason = "SchedulingGated";
        string? init = InitReason(pod);
        reason = init ?? ContainersReason(pod, reason);
        if (pod.Text("metadata.deletionTimestamp").Length == 0)
            return reason;
        if (pod.Text("status.reason") == "NodeLost")
            return "Unknown";
        return pod.Text("status.phase") is "Succeeded" or "Failed" ? reason : "Terminating";
    }

    /// <summary>How often containers were restarted, and when last.</summary>
    public static string Restarts(JsonObject pod, DateTimeOffset now)
    {
        JsonObject[] all = [.. pod.Objects("status.containerStatuses")];
        HashSet<string> sidecars = Sidecars(pod);
        JsonObject[] initial = [.. pod.Objects("status.initContainerStatuses")];
        JsonObject[] counted = InitReason(pod) is null ? [.. all, .. initial.Where(each => sidecars.Contains(each.Text("name")))] : initial;
        long restarts = counted.Sum(each => each.Number("restartCount") ?? 0);
        string last = counted.Select(each => each.Text("lastState.terminated.finishedAt")).Where(each => each.Length > 0).DefaultIfEmpty("").Max(StringComparer.Ordinal)!;
        return restarts == 0 || last.Length == 0 ? restarts.ToString(CultureInfo.InvariantCulture) : $"{restarts} ({Age.Since(last, now)} ago)";
    }

    /// <summary>Readiness gates that are met, of all.</summary>
    public static string ReadinessGates(JsonObject pod)
    {
        string[] gates = [.. pod.Objects("spec.readinessGates").Select(each => each.Text("conditionType"))];
        if (gates.Length == 0)
            return "<none>";
        int met = gates.Count(gate => pod.Objects("status.conditions").Any(each => each.Text("type") == gate && each.Text("status") == "True"));
        return FormattableString.Invariant($"{met}/{gates.Length}");
    }

    /// <summary>The quality-of-service class of a spec (kubernetes pkg/apis/core/v1/helper/qos).</summary>
    public static string QualityOfService(JsonObject spec)
    {
        JsonObject[] containers = [.. spec.Objects("containers").Concat(spec.Objects("initContainers"))];
        string[] resources = ["cpu", "memory"];
        bool any = containers.Any(each => resources.Any(name => IsPositive(each, "requests", name) || IsPositive(each, "limits", name)));
        if (!any)
            return "BestEffort";
        bool equal = containers.All(each => resources.All(name =>
            IsPositive(each, "limits", name) && each.Text($"resources.limits.{name}") == (each.Text($"resources.requests.{name}") is { Length: > 0 } request ? request : each.Text($"resources.limits.{name}"))));
        return equal ? "Guaranteed" : "Burstable";
    }

    private static bool IsPositive(JsonObject container, string list, string name) =>
        container.Text($"resources.{list}.{name}") is { Length: > 0 } text && new ResourceQuantity(text).ToDecimal() > 0;

    private static HashSet<string> Sidecars(JsonObject pod) =>
        [.. pod.Objects("spec.initContainers").Where(each => each.Text("restartPolicy") == "Always").Select(each => each.Text("name"))];

    private static string? InitReason(JsonObject pod)
    {
        int total = pod.Objects("spec.initContainers").Count();
        HashSet<string> sidecars = Sidecars(pod);
        int index = -1;
        foreach (JsonObject container in pod.Objects("status.initContainerStatuses"))
        {
            index++;
            if (container.Object("state.terminated") is { } ended)
            {
                if ((ended.Number("exitCode") ?? 0) == 0)
                    continue;
                return "Init:" + (ended.Text("reason") is { Length: > 0 } why ? why : ExitReason(ended));
            }

            if (sidecars.Contains(container.Text("name")) && container.Flag("started"))
                continue;
            if (container.Text("state.waiting.reason") is { Length: > 0 } waiting && waiting != "PodInitializing")
                return "Init:" + waiting;
            return FormattableString.Invariant($"Init:{index}/{total}");
        }

        return null;
    }

    private static string ContainersReason(JsonObject pod, string reason)
    {
        bool running = false;
        foreach (JsonObject container in pod.Objects("status.containerStatuses").Reverse())
        {
            if (container.Text("state.waiting.reason") is { Length: > 0 } waiting)
                reason = waiting;
            else if (container.Object("state.terminated") is { } ended)
                reason = ended.Text("reason") is { Length: > 0 } why ? why : ExitReason(ended);
            else if (container.Flag("ready") && container.Object("state.running") is not null)
                running = true;
        }

        if (reason != "Completed" || !running)
            return reason;
        bool ready = pod.Objects("status.conditions").Any(each => each.Text("type") == "Ready" && each.Text("status") == "True");
        return ready ? "Running" : "NotReady";
    }

    private static string ExitReason(JsonObject ended) =>
        ended.Number("signal") is long signal and not 0
            ? FormattableString.Invariant($"Signal:{signal}")
            : FormattableString.Invariant($"ExitCode:{ended.Number("exitCode") ?? 0}");
}
