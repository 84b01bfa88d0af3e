using System.Globalization;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>Get and list over a store.</summary>
internal sealed class ObjectReader(IObjectSource store)
{
    // A list with a filter reads on in pages of this size until it has enough.
    private const int PageOfFiltered = 500;

    private const string Expired =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";

    public async ValueTask<ApiObject?> FindAsync(KindDescriptor kind, string space, string name, CancellationToken cancel)
    {
        RangeResult found = await store.RangeAsync(new RangeRequest(KeyRange.Single(StoreKeys.Of(kind, space, name))), cancel).ConfigureAwait(false);
        return found.Objects.Count == 0 ? null : Of(kind, found.Objects[0]);
    }

    public async ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel)
    {
        CheckFields(kind, options.Filter.Fields);
        KeyRange all = StoreKeys.Range(kind, NamespaceOf(kind, space, options.Filter), options.Filter.Fields.Exact("metadata.name"));
        (KeyRange rest, long revision) = Start(all, options);
        var items = new List<ApiObject>();
        while (true)
        {
            int wanted = options.Limit == 0 ? 0 : options.Limit - items.Count;
            RangeResult page = await ReadAsync(new RangeRequest(rest, revision, options.Filter.IsEverything ? wanted : options.Limit == 0 ? 0 : PageOfFiltered), options, cancel).ConfigureAwait(false);
            if (revision == 0)
                revision = page.Revision;
            CheckFuture(options, page.Revision);
            int taken = 0;
            while (taken < page.Objects.Count && (options.Limit == 0 || items.Count < options.Limit))
            {
                ApiObject each = Of(kind, page.Objects[taken++]);
                if (options.Filter.IsEverything || options.Filter.Matches(each))
                    items.Add(each);
            }

            long left = page.Count - taken;
            if (left == 0)
                return new ObjectList(items, revision, "", null);
            rest = rest.From(page.Objects[taken - 1].Key + '\0');
            if (items.Count >= options.Limit)
                return new ObjectList(items, revision, new ContinueToken(revision, rest.Start[all.Start.Length..]).ToString(), options.Filter.IsEverything ? left : null);
        }
    }

    public static ApiObject Of(KindDescriptor kind, StoredObject stored) => ApiObject.OfKept(kind, stored.Value, stored.ModRevision);

    public static void CheckFields(KindDescriptor kind, FieldSelector fields)
    {
        foreach (FieldRequirement each in fields.Requirements)
        {
            if (!kind.IsSelectable(each.Field))
                throw ApiErrors.BadRequest($"field label not supported: {each.Field}");
        }
    }

    // A field selector on the namespace narrows what must be read.
    public static string NamespaceOf(KindDescriptor kind, string space, ObjectFilter filter) =>
        kind.IsNamespaced && space.Length == 0 ? filter.Fields.Exact("metadata.namespace") ?? "" : space;

    public static long ParseRevision(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long revision)
            ? revision
            : throw ApiErrors.Invalid("meta.k8s.io", "ListOptions", "", Wrong("resourceVersion", text, $"strconv.ParseUint: parsing \"{text}\": invalid syntax"));

    private static FieldErrors Wrong(string field, string value, string why)
    {
        var errors = new FieldErrors();
        errors.Invalid(field, value, why);
        return errors;
    }

    private static (KeyRange Left, long Revision) Start(KeyRange all, ListOptions options)
    {
        CheckMatch(options);
        if (options.Continue.Length > 0)
        {
            var token = ContinueToken.Parse(options.Continue);
            return (token.Rest(all), token.Revision);
        }

        long asked = options.ResourceVersion.Length == 0 ? 0 : ParseRevision(options.ResourceVersion);
        return (all, options.Match == "Exact" ? asked : 0);
    }

    // apimachinery pkg/apis/meta/internalversion/validation.
    private static void CheckMatch(ListOptions options)
    {
        var errors = new FieldErrors();
        if (options.Continue.Length > 0 && options.ResourceVersion is not ("" or "0"))
            throw ApiErrors.BadRequest("specifying resource version is not allowed when using continue");
        if (options.Match.Length > 0)
        {
            if (options.Match is not ("Exact" or "NotOlderThan"))
                errors.NotSupported("resourceVersionMatch", options.Match, "Exact", "NotOlderThan", "");
            if (options.Continue.Length > 0)
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            if (options.ResourceVersion.Length == 0)
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
            if (options is { Match: "Exact", ResourceVersion: "0" })
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }

        if (!errors.IsEmpty)
            throw ApiErrors.Invalid("meta.k8s.io", "ListOptions", "", errors);
    }

    private static void CheckFuture(ListOptions options, long current)
    {
        if (options.Continue.Length == 0 && options.ResourceVersion is not ("" or "0") && ParseRevision(options.ResourceVersion) is var asked && asked > current)
            throw ApiErrors.TooLargeResourceVersion(asked, current);
    }

    private async ValueTask<RangeResult> ReadAsync(RangeRequest request, ListOptions options, CancellationToken cancel)
    {
        try
        {
            return await store.RangeAsync(request, cancel).ConfigureAwait(false);
        }
        catch (CompactedException e)
        {
            throw ApiErrors.Expired(options.Continue.Length > 0 ? Expired : $"The resourceVersion for the provided list is too old: {request.Revision} ({e.CompactRevision})");
        }
        catch (FutureRevisionException e)
        {
            throw ApiErrors.TooLargeResourceVersion(request.Revision, e.Revision);
        }
    }
}
