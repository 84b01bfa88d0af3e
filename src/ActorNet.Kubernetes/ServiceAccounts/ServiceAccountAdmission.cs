using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>
/// Gives every new pod its service account's token, as a volume of all its containers (kubernetes plugin/pkg/admission/serviceaccount).
/// A pod whose account is not there is refused.
/// </summary>
/// <param name="store">Where the accounts are.</param>
/// <param name="accounts">Their kind.</param>
/// <param name="identities">Chance for the volume's name.</param>
/// <param name="time">The clock.</param>
public sealed class ServiceAccountAdmission(IObjectStore store, KindDescriptor accounts, IIdentitySource identities, TimeProvider time) : IAdmission
{
    /// <summary>Where the volume is mounted.</summary>
    public const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string VolumePrefix = "kube-api-access-";

    // The account of a namespace that was only just made comes a moment later. Upstream waits about half a second; nothing is lost by more.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ObjectReader _reader = new(store);

    /// <inheritdoc/>
    public async ValueTask<IDisposable?> AdmitAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(document);
        // A mirror pod is a picture of what a kubelet runs by itself.
        if (kind is not { Kind: "Pod", Group: "" } || old is not null || document.Object("metadata.annotations")?.ContainsKey("kubernetes.io/config.mirror") == true)
            return null;
        JsonObject spec = document.Ensure("spec");
        string space = document.Text("metadata.namespace"), name = spec.Text("serviceAccountName");
        JsonObject account = await FindAsync(space, name, cancel).ConfigureAwait(false)
            ?? throw ApiErrors.Forbidden(kind.Resource, document.Text("metadata.name"), $"error looking up service account {space}/{name}: serviceaccount \"{name}\" not found");
        if (IsAutomounted(account, spec))
            Mount(spec);
        if (!spec.Objects("imagePullSecrets").Any() && account["imagePullSecrets"] is JsonArray { Count: > 0 } secrets)
            spec["imagePullSecrets"] = secrets.DeepClone();
        return null;
    }

    private async ValueTask<JsonObject?> FindAsync(string space, string name, CancellationToken cancel)
    {
        KeyRange key = KeyRange.Single(StoreKeys.Of(accounts, space, name));
        long revision = (await store.RangeAsync(new RangeRequest(key), cancel).ConfigureAwait(false)).Revision;
        if (await _reader.FindAsync(accounts, space, name, cancel).ConfigureAwait(false) is { } present)
            return present.Document;
        await using IStoreWatch watch = store.Watch(key, revision + 1);
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            await watch.NextAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }

        return (await _reader.FindAsync(accounts, space, name, cancel).ConfigureAwait(false))?.Document;
    }

    // The pod's word counts before the account's.
    private static bool IsAutomounted(JsonObject account, JsonObject spec) =>
        (spec["automountServiceAccountToken"] ?? account["automountServiceAccountToken"]) is not JsonValue said || !said.TryGetValue(out bool flag) || flag;

    private void Mount(JsonObject spec)
    {
        JsonObject[] containers = [.. spec.Objects("initContainers"), .. spec.Objects("containers")];
        JsonObject[] without = [.. containers.Where(static each => each.Objects("volumeMounts").All(static mount => mount.Text("mountPath") != MountPath))];
        if (without.Length == 0)
            return;
        string? present = spec.Objects("volumes").Select(static volume => volume.Text("name")).FirstOrDefault(static name => name.StartsWith(VolumePrefix, StringComparison.Ordinal));
        string volume = present ?? VolumePrefix + NameSuffix.Of(identities.Draw());
        if (present is null)
            ListOf(spec, "volumes").Add(Volume(volume));
        foreach (JsonObject container in without)
            ListOf(container, "volumeMounts").Add(new JsonObject { ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath });
    }

    private static JsonArray ListOf(JsonObject document, string name)
    {
        if (document[name] is not JsonArray list)
            document[name] = list = [];
        return list;
    }

    // TokenVolumeSource.
    private static JsonObject Volume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenRequests.InjectedSeconds, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject { ["path"] = "namespace", ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" } }),
                    },
                }),
            ["defaultMode"] = 420,
        },
    };
}
