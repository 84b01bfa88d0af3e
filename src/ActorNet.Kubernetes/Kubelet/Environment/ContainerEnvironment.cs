using System.Collections.Immutable;
using System.Text;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Environment;

/// <summary>Why a container cannot be made: something that it names is not there (CreateContainerConfigError).</summary>
public sealed class ContainerConfigException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Upstream's text.</param>
    public ContainerConfigException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an unspecific exception.</summary>
    public ContainerConfigException()
    {
    }

    /// <summary>Makes an exception with a cause.</summary>
    /// <param name="message">Upstream's text.</param>
    /// <param name="inner">Cause.</param>
    public ContainerConfigException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>A container's environment.</summary>
/// <param name="Variables">Name and value.</param>
/// <param name="Skipped">Texts of events about names that no variable can have.</param>
public sealed record ContainerVariables(ImmutableDictionary<string, string> Variables, ImmutableArray<string> Skipped);

/// <summary>Makes the environment of a container (kubernetes pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables).</summary>
public static class ContainerEnvironment
{
    /// <summary>Makes the environment.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="objects">The objects that it may name.</param>
    /// <param name="place">Where the pod is.</param>
    /// <exception cref="ContainerConfigException">Something that it names and that is not optional is missing.</exception>
    public static ContainerVariables Make(V1Pod pod, V1Container container, PodObjects objects, PodPlace place)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(container);
        ArgumentNullException.ThrowIfNull(objects);
        string ns = pod.Metadata.NamespaceProperty;
        Dictionary<string, string> services = ServiceVariables.Of(objects.Services, ns, pod.Spec.EnableServiceLinks ?? true);
        var own = new Dictionary<string, string>(StringComparer.Ordinal);
        List<string> skipped = [];
        foreach (V1EnvFromSource source in container.EnvFrom ?? [])
            AddAll(source, objects, ns, own, skipped);
        foreach (V1EnvVar variable in container.Env ?? [])
        {
            string? value = string.IsNullOrEmpty(variable.Value) && variable.ValueFrom is { } from
                ? Find(pod, container, from, objects, place)
                : VariableExpansion.Expand(variable.Value ?? "", name => own.GetValueOrDefault(name) ?? services.GetValueOrDefault(name));
            if (value is not null)
                own[variable.Name] = value;
        }

        foreach ((string name, string value) in services)
            own.TryAdd(name, value);
        return new ContainerVariables(own.ToImmutableDictionary(StringComparer.Ordinal), [.. skipped]);
    }

    private static void AddAll(V1EnvFromSource source, PodObjects objects, string ns, Dictionary<string, string> into, List<string> skipped)
    {
        IEnumerable<KeyValuePair<string, string>>? data;
        string what;
        if (source.ConfigMapRef is { } map)
        {
            what = $"configMap {ns}/{map.Name}";
            data = objects.ConfigMaps.TryGetValue(map.Name, out V1ConfigMap? found) ? found.Data ?? new Dictionary<string, string>()
                : map.Optional == true ? null : throw new ContainerConfigException($"configmap \"{map.Name}\" not found");
        }
        else if (source.SecretRef is { } secret)
        {
            what = $"secret {ns}/{secret.Name}";
            data = objects.Secrets.TryGetValue(secret.Name, out V1Secret? found) ? (found.Data ?? new Dictionary<string, byte[]>()).Select(static d => KeyValuePair.Create(d.Key, Encoding.UTF8.GetString(d.Value)))
                : secret.Optional == true ? null : throw new ContainerConfigException($"secret \"{secret.Name}\" not found");
        }
        else
        {
            return;
        }

        List<string> invalid = [];
        foreach ((string key, string value) in (data ?? []).OrderBy(static d => d.Key, StringComparer.Ordinal))
        {
            string name = source.Prefix + key;
            if (IsName(name))
                into[name] = value;
            else
                invalid.Add(name);
        }

        if (invalid.Count > 0)
            skipped.Add($"Keys [{string.Join(", ", invalid)}] from the EnvFrom {what} were skipped since they are considered invalid environment variable names.");
    }

    private static string? Find(V1Pod pod, V1Container container, V1EnvVarSource from, PodObjects objects, PodPlace place)
    {
        string ns = pod.Metadata.NamespaceProperty;
        if (from.FieldRef is { } field)
            return FieldValues.OfPod(pod, place, field.FieldPath) ?? throw new ContainerConfigException($"unsupported fieldPath: {field.FieldPath}");
        if (from.ResourceFieldRef is { } resource)
        {
            V1Container of = string.IsNullOrEmpty(resource.ContainerName) ? container : pod.Spec.Containers.FirstOrDefault(c => c.Name == resource.ContainerName)
                ?? throw new ContainerConfigException($"container {resource.ContainerName} not found");
            return FieldValues.OfResource(of, place, resource.Resource, resource.Divisor) ?? throw new ContainerConfigException($"unsupported container resource : {resource.Resource}");
        }

        if (from.ConfigMapKeyRef is { } map)
        {
            if (!objects.ConfigMaps.TryGetValue(map.Name, out V1ConfigMap? found))
                return map.Optional == true ? null : throw new ContainerConfigException($"configmap \"{map.Name}\" not found");
            return found.Data is { } data && data.TryGetValue(map.Key, out string? value) ? value
                : map.Optional == true ? null : throw new ContainerConfigException($"couldn't find key {map.Key} in ConfigMap {ns}/{map.Name}");
        }

        if (from.SecretKeyRef is { } secret)
        {
            if (!objects.Secrets.TryGetValue(secret.Name, out V1Secret? found))
                return secret.Optional == true ? null : throw new ContainerConfigException($"secret \"{secret.Name}\" not found");
            return found.Data is { } data && data.TryGetValue(secret.Key, out byte[]? value) ? Encoding.UTF8.GetString(value)
                : secret.Optional == true ? null : throw new ContainerConfigException($"couldn't find key {secret.Key} in Secret {ns}/{secret.Name}");
        }

        return "";
    }

    // IsEnvVarName: what a file name may be made of too, but no digit first.
    private static bool IsName(string name) =>
        name.Length > 0 && name is not ("." or "..") && !name.StartsWith("..", StringComparison.Ordinal) && !char.IsAsciiDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
