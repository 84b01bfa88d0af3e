namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>What a watch begins with: a list at one revision, read in pages as the client takes them, so that a slow one holds a page and not all.</summary>
/// <param name="first">The first page.</param>
/// <param name="next">Reads the page that a token names.</param>
internal sealed class InitialObjects(ObjectList first, Func<string, CancellationToken, ValueTask<ObjectList>> next)
{
    /// <summary>Objects in a page, before the filter.</summary>
    public const int PageSize = 500;

    private ObjectList? _page = first;
    private string _token = first.Continue;

    /// <summary>Whether there is another page.</summary>
    public bool HasMore => _page is not null || _token.Length > 0;

    /// <summary>The next page.</summary>
    /// <exception cref="Errors.ApiException">The revision was compacted meanwhile: 410.</exception>
    public async ValueTask<IReadOnlyList<ApiObject>> NextAsync(CancellationToken cancel)
    {
        ObjectList page = _page ?? await next(_token, cancel).ConfigureAwait(false);
        (_page, _token) = (null, page.Continue);
        return page.Items;
    }
}
