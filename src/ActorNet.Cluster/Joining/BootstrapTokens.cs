using System.Globalization;
using System.Security.Cryptography;
using ActorNet.Kubernetes.Bootstrap;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Cluster.Joining;

/// <summary>The tokens by which hosts come into the cluster.</summary>
/// <param name="client">The API.</param>
/// <param name="secrets">The cluster's Secrets as this host has heard of them.</param>
/// <param name="time">The clock.</param>
public sealed class BootstrapTokens(IApiClient client, Func<IEnumerable<V1Secret>> secrets, TimeProvider time)
{
    /// <summary>How long a token lives when nothing is said, as kubeadm's.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(24);

    /// <summary>How often a use is counted down against others who do it at the same moment.</summary>
    private const int MostTries = 8;

    /// <summary>Makes a token, and removes those whose time is over (upstream has a controller for that: pkg/controller/bootstrap/tokencleaner.go).</summary>
    /// <param name="lifetime">How long it lives; null: for ever.</param>
    /// <param name="uses">How many hosts may come by it; null: any number.</param>
    /// <param name="description">For people.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">The API refuses it.</exception>
    public async Task<KnownToken> CreateAsync(TimeSpan? lifetime, int? uses, string description, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (KnownToken old in List().Where(token => token.IsOver(now)))
            await DeleteAsync(old.Token.Id, cancel).ConfigureAwait(false);

        var token = new BootstrapToken(RandomNumberGenerator.GetString(BootstrapToken.Characters, BootstrapToken.IdLength), RandomNumberGenerator.GetString(BootstrapToken.Characters, BootstrapToken.SecretLength));
        var made = new KnownToken(token, now + lifetime, uses, description);
        await client.CreateAsync(made.ToSecret(), cancel).ConfigureAwait(false);
        return made;
    }

    /// <summary>Every token that may be used to join, also those whose time is over, as this host has heard of them.</summary>
    public IReadOnlyList<KnownToken> List() =>
        [.. secrets().Where(static secret => secret.Metadata.NamespaceProperty == KnownToken.Space).Select(KnownToken.Of).OfType<KnownToken>().OrderBy(static token => token.Token.Id, StringComparer.Ordinal)];

    /// <summary>Deletes a token.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ApiException">The API refuses it.</exception>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancel)
    {
        try
        {
            await client.DeleteAsync<V1Secret>(KnownToken.Space, KnownToken.NameOf(id), cancel: cancel).ConfigureAwait(false);
            return true;
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return false;
        }
    }

    /// <summary>Looks whether a token counts, and if asked to, uses it once.</summary>
    /// <param name="token">What was shown.</param>
    /// <param name="use">Whether a use is counted down.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Why it does not count; null: it does.</returns>
    /// <exception cref="ApiException">The API cannot say.</exception>
    public async Task<TokenDefect?> JudgeAsync(BootstrapToken token, bool use, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            V1Secret? secret = await client.FindAsync<V1Secret>(KnownToken.Space, KnownToken.NameOf(token.Id), cancel).ConfigureAwait(false);
            // Who does not have the secret learns nothing of the token: neither that there is one, nor when it ends.
            if (secret is null || KnownToken.Of(secret) is not { } known || !known.Token.HasSecret(token.Secret))
                return TokenDefect.Unknown;
            if (known.IsOver(time.GetUtcNow()))
                return TokenDefect.Expired;
            if (known.UsesLeft is not { } left)
                return null;
            if (left <= 0)
                return TokenDefect.UsedUp;
            if (!use)
                return null;
            secret.Metadata.Annotations[KnownToken.UsesAnnotation] = (left - 1).ToString(CultureInfo.InvariantCulture);
            try
            {
                await client.UpdateAsync(secret, cancel: cancel).ConfigureAwait(false);
                return null;
            }
            catch (ApiException e) when (e.Code == 409 && attempt < MostTries)
            {
                // Somebody else used it at the same moment: what is left now decides.
            }
        }
    }
}

/// <summary>Why a token does not count.</summary>
public enum TokenDefect
{
    /// <summary>There is none of this identifier and secret: mistyped, deleted, or of another cluster.</summary>
    Unknown,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>As many hosts have come by it as may.</summary>
    UsedUp,
}
