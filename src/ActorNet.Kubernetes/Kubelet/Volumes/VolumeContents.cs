using System.Collections.Immutable;
using System.Text;
using ActorNet.Kubernetes.Kubelet.Environment;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Volumes;

/// <summary>Why a volume cannot be set up.</summary>
public sealed class VolumeException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Upstream's text behind "MountVolume.SetUp failed for volume ...: ".</param>
    public VolumeException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an unspecific exception.</summary>
    public VolumeException()
    {
    }

    /// <summary>Makes an exception with a cause.</summary>
    /// <param name="message">Upstream's text.</param>
    /// <param name="inner">Cause.</param>
    public VolumeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>
/// Makes the content of volumes (kubernetes pkg/volume/configmap, secret, downwardapi, projected: MakePayload, CollectData). Volumes that need storage
/// of the host or the network are refused.
/// </summary>
public static class VolumeContents
{
    private const int DefaultMode = 0b110_100_100;

    /// <summary>Makes a volume's content.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="objects">The objects that it may name.</param>
    /// <param name="place">Where the pod is.</param>
    /// <exception cref="VolumeException">It cannot be set up.</exception>
    public static VolumeContent Make(V1Pod pod, V1Volume volume, PodObjects objects, PodPlace place)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(volume);
        ArgumentNullException.ThrowIfNull(objects);
        var files = ImmutableSortedDictionary.CreateBuilder<string, VolumeFile>(StringComparer.Ordinal);
        if (volume.ConfigMap is { } map)
            Add(files, OfConfigMap(objects, map.Name, map.Optional), map.Items, map.DefaultMode ?? DefaultMode, map.Optional, "config");
        else if (volume.Secret is { } secret)
            Add(files, OfSecret(objects, secret.SecretName, secret.Optional), secret.Items, secret.DefaultMode ?? DefaultMode, secret.Optional, "secret");
        else if (volume.DownwardAPI is { } downward)
            AddFields(files, pod, downward.Items, place, downward.DefaultMode ?? DefaultMode);
        else if (volume.Projected is { } projected)
            Project(files, pod, projected, objects, place);
        else if (volume.EmptyDir is not null)
            return VolumeContent.Empty;
        else
            throw new VolumeException("its kind is not emulated; use emptyDir, configMap, secret, downwardAPI or projected");
        return new VolumeContent(files.ToImmutable());
    }

    private static void Project(ImmutableSortedDictionary<string, VolumeFile>.Builder files, V1Pod pod, V1ProjectedVolumeSource projected, PodObjects objects, PodPlace place)
    {
        int mode = projected.DefaultMode ?? DefaultMode;
        foreach (V1VolumeProjection source in projected.Sources ?? [])
        {
            if (source.ConfigMap is { } map)
                Add(files, OfConfigMap(objects, map.Name, map.Optional), map.Items, mode, map.Optional, "config");
            else if (source.Secret is { } secret)
                Add(files, OfSecret(objects, secret.Name, secret.Optional), secret.Items, mode, secret.Optional, "secret");
            else if (source.DownwardAPI is { } downward)
                AddFields(files, pod, downward.Items, place, mode);
            else if (source.ServiceAccountToken is { } token)
                files[Relative(token.Path)] = new VolumeFile([.. Encoding.UTF8.GetBytes(TokenOf(objects, token))], mode);
        }
    }

    // A token's file is readable by its pod's group and nobody else where the pod has one (projected.go); there are no users here.
    private static string TokenOf(PodObjects objects, V1ServiceAccountTokenProjection source)
    {
        PodToken? token = objects.Tokens.FirstOrDefault(each => each.IsFor(source));
        return token?.Value ?? throw new VolumeException($"failed to fetch token: {token?.Refusal ?? "nobody asked for it: a pod that is not of the API has no service account"}");
    }

    private static IEnumerable<KeyValuePair<string, byte[]>> OfConfigMap(PodObjects objects, string name, bool? optional)
    {
        if (!objects.ConfigMaps.TryGetValue(name, out V1ConfigMap? map))
            return optional == true ? [] : throw new VolumeException($"configmap \"{name}\" not found");
        return [.. (map.Data ?? new Dictionary<string, string>()).Select(static d => KeyValuePair.Create(d.Key, Encoding.UTF8.GetBytes(d.Value))), .. map.BinaryData ?? new Dictionary<string, byte[]>()];
    }

    private static IEnumerable<KeyValuePair<string, byte[]>> OfSecret(PodObjects objects, string name, bool? optional)
    {
        if (!objects.Secrets.TryGetValue(name, out V1Secret? secret))
            return optional == true ? [] : throw new VolumeException($"secret \"{name}\" not found");
        return secret.Data ?? new Dictionary<string, byte[]>();
    }

    private static void Add(
        ImmutableSortedDictionary<string, VolumeFile>.Builder files, IEnumerable<KeyValuePair<string, byte[]>> data, IList<V1KeyToPath>? items, int mode, bool? optional, string what)
    {
        if (items is not { Count: > 0 })
        {
            foreach ((string key, byte[] value) in data)
                files[key] = new VolumeFile([.. value], mode);
            return;
        }

        Dictionary<string, byte[]> all = data.ToDictionary(static d => d.Key, static d => d.Value, StringComparer.Ordinal);
        foreach (V1KeyToPath item in items)
        {
            if (all.TryGetValue(item.Key, out byte[]? value))
                files[Relative(item.Path)] = new VolumeFile([.. value], item.Mode ?? mode);
            else if (optional != true)
                throw new VolumeException($"references non-existent {what} key: {item.Key}");
        }
    }

    private static void AddFields(ImmutableSortedDictionary<string, VolumeFile>.Builder files, V1Pod pod, IList<V1DownwardAPIVolumeFile>? items, PodPlace place, int mode)
    {
        foreach (V1DownwardAPIVolumeFile item in items ?? [])
        {
            string? text = null;
            if (item.FieldRef is { } field)
                text = FieldValues.OfPod(pod, place, field.FieldPath);
            else if (item.ResourceFieldRef is { } resource && pod.Spec.Containers.FirstOrDefault(c => c.Name == resource.ContainerName) is { } container)
                text = FieldValues.OfResource(container, place, resource.Resource, resource.Divisor);
            files[Relative(item.Path)] = new VolumeFile([.. Encoding.UTF8.GetBytes(text ?? throw new VolumeException($"unsupported fieldPath: {item.FieldRef?.FieldPath ?? item.ResourceFieldRef?.Resource}"))], item.Mode ?? mode);
        }
    }

    // The API refuses paths that leave the volume; what comes in another way is held to it too.
    private static string Relative(string path)
    {
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0 || names.Any(static n => n is "..") ? throw new VolumeException($"invalid path: {path}") : string.Join('/', names.Where(static n => n != "."));
    }
}
