using System.Text;

namespace ActorNet.Workloads.Curl;

/// <summary>Makes the request that the options ask for, headers in curl's order (curl lib/http.c Curl_http).</summary>
internal static class CurlRequest
{
    // EXPECT_100_THRESHOLD: from this length on a body waits for the server's word.
    private const long ExpectThreshold = 1024 * 1024;

    /// <summary>Makes a request.</summary>
    /// <param name="options">Options.</param>
    /// <param name="url">URL.</param>
    /// <param name="method">Method.</param>
    /// <param name="content">Content, taken over; or null.</param>
    /// <param name="sendsUser">Whether user and password may go there.</param>
    /// <param name="referer">Referer, or null.</param>
    public static HttpRequestMessage Create(CurlOptions options, CurlUrl url, string method, HttpContent? content, bool sendsUser, string? referer)
    {
        HttpRequestMessage request;
        try
        {
            request = new HttpRequestMessage(new HttpMethod(method), url.Uri)
            {
                Version = options.HttpVersion,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = content,
            };
        }
        catch (FormatException e)
        {
            throw new CurlFailure(CurlCode.BadFunctionArgument, $"The method '{method}' is not a token of RFC 9110", e);
        }

        List<(string Name, string? Value)> given = [.. options.Headers.Select(Split).Where(static h => h.Name.Length > 0)];
        AddDefaults(request, options, url, given, sendsUser, referer);
        foreach ((string name, string? value) in given)
        {
            if (value is not null && !name.Equals("Host", StringComparison.OrdinalIgnoreCase))
                Put(request, name, value);
        }

        if (content?.Headers.ContentLength > ExpectThreshold && request.Version.Minor > 0 && !Has(given, "Expect"))
            request.Headers.ExpectContinue = true;
        return request;
    }

    private static void AddDefaults(
        HttpRequestMessage request, CurlOptions options, CurlUrl url, List<(string Name, string? Value)> given, bool sendsUser, string? referer)
    {
        request.Headers.TryAddWithoutValidation("Host", given.Find(static h => h.Name.Equals("Host", StringComparison.OrdinalIgnoreCase)).Value ?? url.HostHeader);
        if (sendsUser && (options.User ?? url.User) is { } user)
            Default("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(user.Contains(':', StringComparison.Ordinal) ? user : user + ":")));
        if (options.Range is { } range)
            Default("Range", "bytes=" + range);
        if (options.UserAgent is not "")
            Default("User-Agent", options.UserAgent ?? "curl/" + CurlText.Version);
        bool isJson = options.Data.Count > 0 && options.Data[0].Kind == CurlDataKind.Json;
        Default("Accept", isJson ? "application/json" : "*/*");
        if (options.Compressed)
            Default("Accept-Encoding", "deflate, gzip, br");
        if (referer is { Length: > 0 })
            Default("Referer", referer);
        if (options.Cookie is { } cookie)
            Default("Cookie", cookie);

        void Default(string name, string value)
        {
            if (!Has(given, name))
                request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static bool Has(List<(string Name, string? Value)> given, string name) => given.Exists(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    // Headers of the content go with one, even an empty one.
    private static void Put(HttpRequestMessage request, string name, string value)
    {
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) && request.Content is not null)
            return;
        if (request.Headers.TryAddWithoutValidation(name, value))
            return;
        request.Content ??= new ByteArrayContent([]);
        request.Content.Headers.Remove(name);
        request.Content.Headers.TryAddWithoutValidation(name, value);
    }

    // "Name: value" sets, "Name:" takes a default away, "Name;" sends it empty.
    private static (string Name, string? Value) Split(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return text.EndsWith(';') ? (text[..^1].Trim(), "") : ("", null);
        string value = text[(colon + 1)..].Trim();
        return (text[..colon].Trim(), value.Length > 0 ? value : null);
    }
}
