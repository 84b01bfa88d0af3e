using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>
/// The keys by which tokens of service accounts are verified outside of the cluster. Every host that has the API signs with a key of its own and publishes it here
/// before its first token: a ConfigMap, so that tokens of a host that had the API before are verified, too. Whoever may write ConfigMaps may write this one: a key in it
/// counts only when the cluster's authority has certified it.
/// </summary>
/// <param name="api">The API.</param>
/// <param name="issuer">Signs here.</param>
public sealed class TokenKeys(KubernetesApi api, ITokenIssuer issuer)
{
    /// <summary>Where the keys are published.</summary>
    public const string Space = "kube-system", Name = "service-account-issuer-keys";

    // So often it is looked whether somebody has taken the key away.
    private static readonly TimeSpan Recheck = TimeSpan.FromMinutes(1);

    private Published? _published;

    private KindDescriptor Kind => api.Kinds.Of("", "ConfigMap");

    /// <summary>Publishes the key of this host, if it is not yet.</summary>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">The API cannot keep it now.</exception>
    public async ValueTask PublishAsync(CancellationToken cancel)
    {
        (string id, string key) = (issuer.KeyId, issuer.PublicKey);
        if (Volatile.Read(ref _published) is { } before && before.Key == key && api.Time.GetElapsedTime(before.At) < Recheck)
            return;
        try
        {
            if (await FindAsync(cancel).ConfigureAwait(false) is not { } found)
                await api.CreateAsync(Kind, Space, Fresh(id, key), WriteOptions.Plain, cancel).ConfigureAwait(false);
            else if (found.Document.Object("data")?.Text(id) != key)
                await api.ModifyAsync(Kind, Space, Name, current => With(current.Document, id, key), WriteOptions.Plain, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Another host publishes at this moment, or the namespace is not there yet: what is served has this host's key anyway, and the next token looks again.
            return;
        }

        Volatile.Write(ref _published, new Published(key, api.Time.GetTimestamp()));
    }

    /// <summary>All keys, as a JSON Web Key Set (RFC 7517, 5).</summary>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<JsonObject> SetAsync(CancellationToken cancel)
    {
        DateTimeOffset now = api.Time.GetUtcNow();
        IEnumerable<string> published = await FindAsync(cancel).ConfigureAwait(false) is { } found && found.Document.Object("data") is { } data ? data.Select(pair => data.Text(pair.Key)) : [];
        JsonObject[] keys = [.. published.Append(issuer.PublicKey).Distinct(StringComparer.Ordinal).Select(key => issuer.WebKeyOf(key, now)).OfType<JsonObject>().DistinctBy(static key => (string?)key["kid"]).OrderBy(static key => (string?)key["kid"], StringComparer.Ordinal)];
        return new JsonObject { ["keys"] = new JsonArray([.. keys]) };
    }

    private ValueTask<ApiObject?> FindAsync(CancellationToken cancel) => api.Reads.FindAsync(Kind, Space, Name, cancel);

    private static JsonObject Fresh(string id, string key) => new()
    {
        ["kind"] = "ConfigMap",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject
        {
            ["name"] = Name,
            ["annotations"] = new JsonObject { ["kubernetes.io/description"] = "Certificates of the keys that sign service accounts' tokens. The API serves them at /openid/v1/jwks." },
        },
        ["data"] = new JsonObject { [id] = key },
    };

    // What signs no more is taken out: no token outlives the certificate that it was signed with.
    private JsonObject With(JsonObject current, string id, string key)
    {
        JsonObject next = current.Copy();
        DateTimeOffset now = api.Time.GetUtcNow();
        JsonObject data = next.Ensure("data");
        foreach (string over in data.Select(static pair => pair.Key).Where(each => issuer.WebKeyOf(data.Text(each), now) is null).ToArray())
            data.Remove(over);
        data[id] = key;
        return next;
    }

    private sealed record Published(string Key, long At);
}
