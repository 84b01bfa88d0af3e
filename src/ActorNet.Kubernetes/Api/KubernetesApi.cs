using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Apply;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>
/// The verbs of the Kubernetes API over a store. It keeps nothing between calls but the newest changes for its watches and which namespaces it has seen, and decides everything by compare-and-set, so any number of
/// callers, and of these objects over one store, may work at once.
/// </summary>
/// <remarks>Failures are <see cref="ApiException"/>, whose status is what a client gets.</remarks>
public sealed class KubernetesApi
{
    // A write without a resourceVersion is tried again when someone else was faster; each lost race is another's progress.
    private const int MaxRaces = 100;

    // Upstream tries eight names too (KEP-4420).
    private const int MaxGeneratedNames = 8;

    private readonly TimeProvider _time;
    private readonly IIdentitySource _identities;
    private readonly ObjectReader _reader;
    private readonly ObjectCommitter _committer;
    private readonly NamespaceLifecycle _namespaces;
    private readonly IAdmission? _admission;

    /// <summary>Makes the API over a store.</summary>
    /// <param name="store">Where objects are kept.</param>
    /// <param name="kinds">The kinds it serves.</param>
    /// <param name="time">The clock.</param>
    /// <param name="identities">Where uids and generated names come from.</param>
    /// <param name="admission">What looks at writes behind the kind's own rules; null: nothing.</param>
    public KubernetesApi(IObjectStore store, KindCatalog kinds, TimeProvider time, IIdentitySource identities, IAdmission? admission = null)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        _admission = admission;
        (Kinds, _time, _identities) = (kinds, time, identities);
        _reader = new ObjectReader(store);
        Reads = new ApiReads(store, kinds, time);
        _committer = new ObjectCommitter(store, identities);
        _namespaces = new NamespaceLifecycle(_reader, kinds.Of("", "Namespace"));
    }

    /// <summary>The kinds it serves.</summary>
    public KindCatalog Kinds { get; }

    /// <summary>Its verbs that write nothing.</summary>
    public ApiReads Reads { get; }

    /// <summary>The clock that ages and timestamps are taken from.</summary>
    public TimeProvider Time => _time;

    /// <summary>One object.</summary>
    public ValueTask<ApiObject> GetAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default) =>
        Reads.GetAsync(kind, space, name, cancel);

    /// <summary>A page of objects.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty: all.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel = default) =>
        Reads.ListAsync(kind, space, options, cancel);

    /// <summary>Opens a watch.</summary>
    /// <exception cref="ApiException">The version is too old: 410.</exception>
    public ValueTask<ResourceWatch> WatchAsync(KindDescriptor kind, string space, WatchOptions options, CancellationToken cancel = default) =>
        Reads.WatchAsync(kind, space, options, cancel);

    /// <summary>Makes an object.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty for kinds without.</param>
    /// <param name="body">The object, in canonical form; it is not changed.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<ApiObject> CreateAsync(KindDescriptor kind, string space, JsonObject body, WriteOptions options, CancellationToken cancel = default) =>
        CreateAsync(kind, space, body, options, null, cancel);

    private async ValueTask<ApiObject> CreateAsync(KindDescriptor kind, string space, JsonObject body, WriteOptions options, Managers? managers, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        string asked = body.Text("metadata.name");
        bool isGenerated = asked.Length == 0 && body.Text("metadata.generateName").Length > 0;
        for (int attempt = 1, races = 0; ; attempt++)
        {
            Storage.Comparison? inNamespace = kind.IsNamespaced ? await _namespaces.CheckAsync(kind, space, asked, options.DryRun, cancel).ConfigureAwait(false) : null;
            JsonObject document = ObjectRules.ForCreate(kind, body.Copy(), space, _time.GetUtcNow(), _identities.NewUid(), NameSuffix.Of(_identities.Draw()));
            WriteRecord.Created(kind, body, document, options.Manager, _time.GetUtcNow(), managers);
            await GuardAsync(options.Guard, kind, document, null, cancel).ConfigureAwait(false);
            using (await AdmitAsync(kind, document, null, cancel).ConfigureAwait(false))
            {
                (ApiObject? created, bool isRefused) = await _committer.CreateAsync(kind, document, inNamespace, options.DryRun, cancel).ConfigureAwait(false);
                if (created is not null)
                    return created;
                if (isRefused)
                {
                    // The namespace changed since it was looked at: it is looked at again.
                    _namespaces.Forget(space);
                    if (++races == MaxRaces)
                        throw ApiErrors.Modified(Kinds.Of("", "Namespace").Resource, space);
                    attempt--;
                    continue;
                }
            }

            string name = document.Text("metadata.name");
            if (!isGenerated)
                throw ApiErrors.AlreadyExists(kind.Resource, name);
            if (attempt == MaxGeneratedNames)
                throw ApiErrors.GeneratedNameExists(kind.Resource, name);
        }
    }

    /// <summary>Replaces what a path shows of an object.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The name.</param>
    /// <param name="view">The path.</param>
    /// <param name="body">The new state, in canonical form; it is not changed.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<WriteResult> UpdateAsync(KindDescriptor kind, string space, string name, ObjectView view, JsonObject body, WriteOptions options, CancellationToken cancel = default)
    {
        (string spoken, string version) = view.Speaks(kind);
        ObjectRules.CheckKind(kind, spoken, version, body);
        if (kind.AllowsCreateOnUpdate && view.Name.Length == 0 && await _reader.FindAsync(kind, space, name, cancel).ConfigureAwait(false) is null)
        {
            JsonObject fresh = body.Copy();
            fresh.Ensure("metadata").Default("name", name);
            if (fresh.Text("metadata.resourceVersion").Length > 0)
                throw ApiErrors.NotFound(kind.Resource, name);
            return new WriteResult(await CreateAsync(kind, space, fresh, options, cancel).ConfigureAwait(false), true, []);
        }

        return new WriteResult(await ModifyAsync(kind, space, name, current => Recorded(current, view, body.Copy(), options), options, cancel).ConfigureAwait(false), false, []);
    }

    /// <summary>Patches what a path shows of an object.</summary>
    public async ValueTask<WriteResult> PatchAsync(KindDescriptor kind, string space, string name, ObjectView view, PatchRequest patch, WriteOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(patch);
        if (patch.Form == PatchForm.Apply)
            return await ApplyAsync(kind, space, name, view, patch, options, cancel).ConfigureAwait(false);
        var warnings = new List<string>();
        string asked = (patch.Patch as JsonObject)?.Text("metadata.resourceVersion") ?? "";
        ApiObject result = await ModifyAsync(kind, space, name, current =>
        {
            JsonObject next = PatchRunner.Run(current, view, patch, warnings);
            // Only a patch that names a version minds which one it meets.
            if (asked.Length == 0 && patch.Form != PatchForm.Json)
                next.Ensure("metadata")["resourceVersion"] = current.Document.Text("metadata.resourceVersion");
            return Recorded(current, view, next, options);
        }, options, cancel).ConfigureAwait(false);
        return new WriteResult(result, false, warnings);
    }

    // Server-side apply: a configuration laid on the object, or the object made of it.
    private async ValueTask<WriteResult> ApplyAsync(KindDescriptor kind, string space, string name, ObjectView view, PatchRequest patch, WriteOptions options, CancellationToken cancel)
    {
        JsonObject config = ApplyRequest.Read(kind, space, name, view, patch, options);
        var manager = new Manager(options.Manager, true, kind.ApiVersion, view.Name);
        if (view.Name.Length == 0 && config.Text("metadata.resourceVersion").Length == 0 && await _reader.FindAsync(kind, space, name, cancel).ConfigureAwait(false) is null)
        {
            JsonObject fresh = ApplyRequest.Typed(kind.Type, config);
            fresh.Ensure("metadata")["name"] = name;
            try
            {
                Managers made = FieldManagement.Created(kind, config, manager, _time.GetUtcNow());
                return new WriteResult(await CreateAsync(kind, space, fresh, options, made, cancel).ConfigureAwait(false), true, []);
            }
            catch (ApiException e) when (e.Reason == "AlreadyExists")
            {
                // Someone else was faster: it is applied to.
            }
        }

        ApiObject result = await ModifyAsync(kind, space, name, current =>
        {
            (JsonObject merged, Managers managers) = FieldManagement.Apply(kind, current.Document, config, manager, patch.Force == true, _time.GetUtcNow());
            merged.Ensure("metadata")["resourceVersion"] = config.Text("metadata.resourceVersion") is { Length: > 0 } asked ? asked : current.Document.Text("metadata.resourceVersion");
            JsonObject next = ObjectRules.ForUpdate(current, view, ApplyRequest.Typed(kind.Type, merged));
            managers.WriteTo(next);
            return next;
        }, options, cancel).ConfigureAwait(false);
        return new WriteResult(result, false, []);
    }

    private JsonObject Recorded(ApiObject current, ObjectView view, JsonObject body, WriteOptions options)
    {
        JsonObject sent = body.Copy();
        JsonObject next = ObjectRules.ForUpdate(current, view, body);
        WriteRecord.Updated(current, view, sent, next, options.Manager, _time.GetUtcNow());
        return next;
    }

    /// <summary>Changes an object by a function, again and again until nobody else was faster.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The name.</param>
    /// <param name="change">Gives the new document; called once a try.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<ApiObject> ModifyAsync(KindDescriptor kind, string space, string name, Func<ApiObject, JsonObject> change, WriteOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(options);
        for (int race = 0; race < MaxRaces; race++)
        {
            ApiObject current = await GetAsync(kind, space, name, cancel).ConfigureAwait(false);
            JsonObject next = change(current);
            if (ObjectRules.IsFinished(kind, current.Document, next))
            {
                if (options.DryRun)
                    return current;
                if (await _committer.DeleteAsync(current, cancel).ConfigureAwait(false) is long gone)
                    return new ApiObject(kind, ObjectCodec.Encode(kind, next), gone);
            }
            else
            {
                await GuardAsync(options.Guard, kind, next, current.Document, cancel).ConfigureAwait(false);
                using IDisposable? held = await AdmitAsync(kind, next, current.Document, cancel).ConfigureAwait(false);
                if (await _committer.UpdateAsync(current, next, options.DryRun, cancel).ConfigureAwait(false) is { } written)
                    return written;
            }
        }

        throw ApiErrors.Modified(kind.Resource, name);
    }

    /// <summary>Deletes an object, or begins to.</summary>
    public async ValueTask<DeleteResult> DeleteAsync(KindDescriptor kind, string space, string name, DeleteOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        for (int race = 0; race < MaxRaces; race++)
        {
            ApiObject current = await GetAsync(kind, space, name, cancel).ConfigureAwait(false);
            JsonObject? next = ObjectRules.ForDelete(current, options, _time.GetUtcNow());
            if (next is not null)
            {
                if (await _committer.UpdateAsync(current, next, options.DryRun, cancel).ConfigureAwait(false) is { } lingering)
                    return new DeleteResult(lingering, false);
            }
            else if (options.DryRun)
            {
                return new DeleteResult(current, true);
            }
            else if (await _committer.DeleteAsync(current, cancel).ConfigureAwait(false) is long gone)
            {
                return new DeleteResult(new ApiObject(kind, current.Stored, gone), true);
            }
        }

        throw ApiErrors.Modified(kind.Resource, name);
    }

    /// <summary>Deletes every object that a filter lets through, one after the other.</summary>
    /// <returns>The objects as they were found.</returns>
    public async ValueTask<ObjectList> DeleteCollectionAsync(KindDescriptor kind, string space, ListOptions list, DeleteOptions options, CancellationToken cancel = default)
    {
        ObjectList found = await ListAsync(kind, space, list, cancel).ConfigureAwait(false);
        foreach (ApiObject each in found.Items)
        {
            try
            {
                await DeleteAsync(kind, each.Namespace, each.Name, options, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Someone else was faster.
            }
        }

        return found;
    }

    private static async ValueTask GuardAsync(IAdmission? guard, KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel)
    {
        if (guard is not null)
            (await guard.AdmitAsync(kind, document, old, cancel).ConfigureAwait(false))?.Dispose();
    }

    private ValueTask<IDisposable?> AdmitAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel) =>
        _admission?.AdmitAsync(kind, document, old, cancel) ?? default;
}
