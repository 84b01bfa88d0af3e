using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>What netexec's handlers look at of a request: its own, or the one that --http-override puts in its place.</summary>
/// <param name="Http">The real request and its response.</param>
/// <param name="Path">Path, unescaped.</param>
/// <param name="Query">Query values.</param>
/// <param name="Form">Values of a posted form, which come before those of the query (net/http FormValue).</param>
/// <param name="Remote">The peer's address and port; empty for an override.</param>
/// <param name="Headers">Headers; empty for an override.</param>
internal sealed record NetexecRequest(
    HttpContext Http, string Path, IReadOnlyDictionary<string, StringValues> Query, IReadOnlyDictionary<string, StringValues> Form, string Remote, IHeaderDictionary Headers)
{
    private const string FormType = "application/x-www-form-urlencoded";

    private static readonly Dictionary<string, StringValues> None = [];

    /// <summary>A value of the form or the query; empty when there is none.</summary>
    public string Value(string name) =>
        (Form.TryGetValue(name, out StringValues found) || Query.TryGetValue(name, out found) ? found.FirstOrDefault() : null) ?? "";

    /// <summary>A value of the query alone.</summary>
    public string QueryValue(string name) => (Query.TryGetValue(name, out StringValues found) ? found.FirstOrDefault() : null) ?? "";

    public static async Task<NetexecRequest> ReadAsync(HttpContext http, string httpOverride)
    {
        if (httpOverride.Length > 0)
        {
            int mark = httpOverride.IndexOf('?', StringComparison.Ordinal);
            string path = mark < 0 ? httpOverride : httpOverride[..mark];
            return new NetexecRequest(http, Uri.UnescapeDataString(path), QueryHelpers.ParseQuery(mark < 0 ? "" : httpOverride[mark..]), None, "", new HeaderDictionary());
        }

        HttpRequest request = http.Request;
        Dictionary<string, StringValues> form = request.ContentType?.StartsWith(FormType, StringComparison.OrdinalIgnoreCase) == true
            ? new(await request.ReadFormAsync(http.RequestAborted).ConfigureAwait(false), StringComparer.Ordinal)
            : None;
        // Go's names are exact; ASP.NET's own query collection is not.
        Dictionary<string, StringValues> query = new(QueryHelpers.ParseQuery(request.QueryString.Value), StringComparer.Ordinal);
        return new NetexecRequest(http, request.Path.Value ?? "/", query, form, $"{http.Connection.RemoteIpAddress}:{http.Connection.RemotePort}", request.Headers);
    }
}
