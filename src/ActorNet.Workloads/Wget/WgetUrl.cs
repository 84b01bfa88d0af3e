using System.Globalization;

namespace ActorNet.Workloads.Wget;

/// <summary>A URL as busybox takes it apart (networking/wget.c parse_url): its path goes out as it was written.</summary>
/// <param name="Scheme">http or https.</param>
/// <param name="Host">Host.</param>
/// <param name="Port">Port.</param>
/// <param name="HasPort">Whether the text named the port.</param>
/// <param name="Path">Path and query, without the first slash.</param>
/// <param name="User">name:password, or null.</param>
internal sealed record WgetUrl(string Scheme, string Host, ushort Port, bool HasPort, string Path, string? User)
{
    /// <summary>Host and, where it was named, port.</summary>
    public string Authority => HasPort ? string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}") : Host;

    /// <summary>The name of the file to save to.</summary>
    public string FileName => Path.Length == 0 || Path.EndsWith('/') ? "index.html" : Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>The same for HttpClient.</summary>
    public Uri Uri =>
        Uri.TryCreate(string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{Host}:{Port}/{Path}"), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out Uri? uri)
            ? uri : throw new WgetExit($"bad address '{Host}'");

    /// <summary>Reads a URL.</summary>
    /// <param name="text">Text, with or without a scheme.</param>
    /// <exception cref="WgetExit">It cannot be read.</exception>
    public static WgetUrl Parse(string text)
    {
        int end = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = end < 0 ? "http" : text[..end].ToLowerInvariant();
        if (scheme is not ("http" or "https"))
            throw new WgetExit(scheme is "ftp" or "ftps" ? $"{scheme} is not emulated: {text}" : $"not an http or ftp url: {text}");
        string rest = end < 0 ? text : text[(end + 3)..];
        int slash = rest.IndexOfAny(['/', '?', '#']);
        string authority = slash < 0 ? rest : rest[..slash];
        // What ends the host is lost: of "http://host?query" the path is "/query".
        string path = slash < 0 || rest[slash] == '#' ? "" : rest[(slash + 1)..].Split('#')[0];
        int at = authority.LastIndexOf('@');
        string? user = at < 0 ? null : Uri.UnescapeDataString(authority[..at]);
        string host = authority[(at + 1)..];
        int colon = host.LastIndexOf(':');
        ushort port = scheme == "https" ? (ushort)443 : (ushort)80;
        if (colon >= 0 && !ushort.TryParse(host[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port))
            throw new WgetExit($"bad port '{host[(colon + 1)..]}'");
        return new WgetUrl(scheme, colon < 0 ? host : host[..colon], port, colon >= 0, path, user);
    }

    /// <summary>The URL that a redirect names: a path on the same host, or a whole URL.</summary>
    /// <param name="location">The Location header.</param>
    public WgetUrl Resolve(string location) => location.StartsWith('/') ? this with { Path = location[1..] } : Parse(location);
}
