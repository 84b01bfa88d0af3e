using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>Writes objects and their claims in one transaction each.</summary>
internal sealed class ObjectCommitter(IObjectStore store, IIdentitySource identities)
{
    // How often a write tries another free address before it gives up: only other writers can make a try fail.
    private const int Tries = 16;

    /// <summary>Stores a new object.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="document">The object.</param>
    /// <param name="condition">What has to hold besides; null: nothing.</param>
    /// <param name="dryRun">Store nothing; the condition is not looked at.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The object, or null when the condition does not hold, or else the name is taken.</returns>
    /// <exception cref="ApiException">A claim is held by someone else.</exception>
    public async ValueTask<(ApiObject? Object, bool IsRefused)> CreateAsync(KindDescriptor kind, JsonObject document, Comparison? condition, bool dryRun, CancellationToken cancel)
    {
        string key = StoreKeys.Of(kind, document.Text("metadata.namespace"), document.Text("metadata.name"));
        for (int attempt = 1; ; attempt++)
        {
            JsonObject next = await AllocateAsync(kind, document, null, cancel).ConfigureAwait(false);
            ReadOnlyMemory<byte> bytes = Encode(kind, next);
            Claim[] claims = [.. kind.Claims(next)];
            if (dryRun)
                return (await IsFreeAsync(key, cancel).ConfigureAwait(false) ? new ApiObject(kind, bytes, 0) : null, false);
            TransactionResult result = await store.CommitAsync(Creation(key, ObjectCodec.ToKept(kind, bytes), condition, claims), cancel).ConfigureAwait(false);
            if (result.Succeeded)
                return (new ApiObject(kind, bytes, result.Revision), false);
            if (condition is not null && !condition.Holds(result.Results[1].Range.Objects is [var found] ? found : null))
                return (null, true);
            if (result.Results[0].Range.Count > 0)
                return (null, false);
            await CheckClaimsAsync(kind, document, next, kind.Claims(document), attempt, cancel).ConfigureAwait(false);
        }
    }

    private static StoreTransaction Creation(string key, ReadOnlyMemory<byte> value, Comparison? condition, Claim[] claims)
    {
        Comparison[] absent = Array.ConvertAll(claims, claim => Comparison.Absent(StoreKeys.Of(claim)));
        var taken = new RangeOperation(new RangeRequest(KeyRange.Single(key)));
        return new StoreTransaction(
            condition is null ? [Comparison.Absent(key), .. absent] : [Comparison.Absent(key), condition, .. absent],
            [new PutOperation(key, value), .. Array.ConvertAll(claims, claim => Hold(claim, key))],
            condition is null ? [taken] : [taken, new RangeOperation(new RangeRequest(KeyRange.Single(condition.Key)))]);
    }

    /// <summary>Stores a change of an object.</summary>
    /// <returns>The object, or null when someone else changed it meanwhile.</returns>
    /// <exception cref="ApiException">A claim is held by someone else.</exception>
    public async ValueTask<ApiObject?> UpdateAsync(ApiObject current, JsonObject document, bool dryRun, CancellationToken cancel)
    {
        KindDescriptor kind = current.Kind;
        string key = StoreKeys.Of(kind, current.Namespace, current.Name);
        Claim[] before = [.. kind.Claims(current.Document)];
        for (int attempt = 1; ; attempt++)
        {
            JsonObject next = await AllocateAsync(kind, document, current.Document, cancel).ConfigureAwait(false);
            ReadOnlyMemory<byte> bytes = Encode(kind, next);
            if (bytes.Span.SequenceEqual(current.Stored.Span))
                return current;
            if (dryRun)
                return new ApiObject(kind, bytes, current.Revision);
            Claim[] after = [.. kind.Claims(next)];
            Claim[] taken = [.. after.ExceptBy(before.Select(StoreKeys.Of), StoreKeys.Of)], left = [.. before.ExceptBy(after.Select(StoreKeys.Of), StoreKeys.Of)];
            var transaction = new StoreTransaction(
                [Comparison.Unchanged(key, current.Revision), .. taken.Select(claim => Comparison.Absent(StoreKeys.Of(claim)))],
                [new PutOperation(key, ObjectCodec.ToKept(kind, bytes)), .. taken.Select(claim => Hold(claim, key)), .. left.Select(Leave)],
                [new RangeOperation(new RangeRequest(KeyRange.Single(key)))]);
            TransactionResult result = await store.CommitAsync(transaction, cancel).ConfigureAwait(false);
            if (result.Succeeded)
                return new ApiObject(kind, bytes, result.Revision);
            if (result.Results[0].Range.Objects is not [var found] || found.ModRevision != current.Revision)
                return null;
            await CheckClaimsAsync(kind, document, next, kind.Claims(document).ExceptBy(before.Select(StoreKeys.Of), StoreKeys.Of), attempt, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Takes an object and its claims out of the store.</summary>
    /// <returns>The revision of the deletion, or null when someone else changed the object meanwhile.</returns>
    public async ValueTask<long?> DeleteAsync(ApiObject current, CancellationToken cancel)
    {
        string key = StoreKeys.Of(current.Kind, current.Namespace, current.Name);
        TransactionResult result = await store.CommitAsync(
            StoreTransaction.When(
                [Comparison.Unchanged(key, current.Revision)],
                [new DeleteOperation(KeyRange.Single(key)), .. current.Kind.Claims(current.Document).Select(Leave)]),
            cancel).ConfigureAwait(false);
        return result.Succeeded ? result.Revision : null;
    }

    private static ReadOnlyMemory<byte> Encode(KindDescriptor kind, JsonObject document)
    {
        ReadOnlyMemory<byte> bytes = ObjectCodec.EncodeCanonical(kind, document);
        return bytes.Length <= StoreTransaction.MaxValueBytes ? bytes : throw ApiErrors.RequestTooLarge(StoreTransaction.MaxValueBytes);
    }

    private static PutOperation Hold(Claim claim, string holder) => new(StoreKeys.Of(claim), System.Text.Encoding.UTF8.GetBytes(holder));

    private static DeleteOperation Leave(Claim claim) => new(KeyRange.Single(StoreKeys.Of(claim)));

    private async ValueTask<bool> IsFreeAsync(string key, CancellationToken cancel) =>
        (await store.RangeAsync(new RangeRequest(KeyRange.Single(key), 0, 1), cancel).ConfigureAwait(false)).Count == 0;

    private async ValueTask<JsonObject> AllocateAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel)
    {
        if (kind.ClaimPools.Count == 0)
            return document;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (string pool in kind.ClaimPools)
        {
            RangeResult held = await store.RangeAsync(new RangeRequest(KeyRange.Prefix(StoreKeys.Pool(pool))), cancel).ConfigureAwait(false);
            taken.UnionWith(held.Objects.Select(each => each.Key));
        }

        JsonObject next = document.Copy();
        kind.Allocate(next, old, claim => taken.Contains(StoreKeys.Of(claim)), identities.Draw());
        return next;
    }

    // A claim that the client chose is refused when it is taken; one that was allocated is chosen anew.
    private async ValueTask CheckClaimsAsync(KindDescriptor kind, JsonObject document, JsonObject next, IEnumerable<Claim> chosen, int attempt, CancellationToken cancel)
    {
        string name = document.Text("metadata.name");
        foreach (Claim claim in chosen)
        {
            if (await IsFreeAsync(StoreKeys.Of(claim), cancel).ConfigureAwait(false))
                continue;
            var errors = new FieldErrors();
            errors.Invalid(claim.Field, claim.Value, claim.Taken);
            throw ApiErrors.Invalid(kind.Group, kind.Kind, name, errors);
        }

        if (attempt >= Tries)
            throw ApiErrors.Internal($"{kind.Plural} \"{name}\": {string.Join(", ", kind.Claims(next).Select(claim => claim.Key))} were taken by others {attempt} times");
    }
}
