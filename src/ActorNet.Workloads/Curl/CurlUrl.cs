using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorNet.Workloads.Curl;

/// <summary>A URL as curl takes it (curl lib/urlapi.c): its path is sent as it was written, but for "." and "..".</summary>
internal sealed partial class CurlUrl
{
    private CurlUrl(string scheme, string? user, string host, ushort port, bool hasPort, string target)
    {
        Scheme = scheme;
        User = user;
        Host = host;
        Port = port;
        HasPort = hasPort;
        Target = target;
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        Uri = Uri.TryCreate(string.Create(CultureInfo.InvariantCulture, $"{scheme}://{Bracketed}:{port}{target}"), options, out Uri? uri) ? uri : throw Malformed();
    }

    /// <summary>http or https.</summary>
    public string Scheme { get; }

    /// <summary>"name:password" of the URL, decoded, or null.</summary>
    public string? User { get; }

    /// <summary>Host without brackets.</summary>
    public string Host { get; }

    public ushort Port { get; }

    /// <summary>Whether the text named the port.</summary>
    public bool HasPort { get; }

    /// <summary>Path and query.</summary>
    public string Target { get; }

    /// <summary>The same for HttpClient.</summary>
    public Uri Uri { get; }

    /// <summary>The Host header.</summary>
    public string HostHeader => Port == DefaultPort(Scheme) ? Bracketed : string.Create(CultureInfo.InvariantCulture, $"{Bracketed}:{Port}");

    private string Bracketed => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    /// <summary>Reads a URL.</summary>
    /// <param name="text">Text, with or without a scheme.</param>
    /// <param name="pathAsIs">Leaves "." and ".." in.</param>
    /// <exception cref="CurlFailure">It cannot be read, or its scheme is not HTTP's.</exception>
    public static CurlUrl Parse(string text, bool pathAsIs = false)
    {
        if (text.Length == 0 || text.Any(static c => c <= ' ' || c == 0x7F))
            throw Malformed();
        int schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = schemeEnd > 0 ? text[..schemeEnd].ToLowerInvariant() : "http";
        if (schemeEnd > 0 && scheme is not ("http" or "https"))
            throw new CurlFailure(CurlCode.UnsupportedProtocol, $"Protocol \"{scheme}\" not supported or disabled in libcurl");
        string rest = schemeEnd >= 0 ? text[(schemeEnd + 3)..] : text;
        int end = rest.IndexOfAny(['/', '?', '#']);
        string authority = end < 0 ? rest : rest[..end];
        string target = end < 0 ? "/" : rest[end..].Split('#')[0];
        if (!target.StartsWith('/'))
            target = "/" + target;
        int at = authority.LastIndexOf('@');
        string? user = at < 0 ? null : Uri.UnescapeDataString(authority[..at]);
        (string host, string port) = SplitPort(authority[(at + 1)..]);
        if (host.Length == 0 || !TryPort(port, scheme, out ushort number))
            throw Malformed();
        return new CurlUrl(scheme, user, host, number, port.Length > 0, pathAsIs ? target : WithoutDots(target));
    }

    /// <summary>The URL that a Location header of this one's response names.</summary>
    /// <param name="location">The header's value.</param>
    public CurlUrl Resolve(string location)
    {
        // Spaces are encoded, as curl does for servers that do not.
        string text = location.Trim().Replace(" ", "%20", StringComparison.Ordinal);
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0 && text[..scheme].All(static c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.'))
            return Parse(text);
        string root = $"{Scheme}://{(User is null ? "" : Uri.EscapeDataString(User).Replace("%3A", ":", StringComparison.Ordinal) + "@")}{(HasPort ? string.Create(CultureInfo.InvariantCulture, $"{Bracketed}:{Port}") : Bracketed)}";
        if (text.StartsWith("//", StringComparison.Ordinal))
            return Parse($"{Scheme}:{text}");
        string path = Target.Split('?')[0];
        return Parse(text.Length == 0 ? root + Target
            : text[0] == '/' ? root + text
            : text[0] == '?' ? root + path + text
            : root + path[..(path.LastIndexOf('/') + 1)] + text);
    }

    /// <summary>The same with more of a query (-G), its percent codes in lower case (lib/urlapi.c curl_url_set).</summary>
    public CurlUrl WithQuery(string query) =>
        query.Length == 0 ? this : new CurlUrl(Scheme, User, Host, Port, HasPort, $"{Target}{(Target.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{PercentCode().Replace(query, static code => code.Value.ToLowerInvariant())}");

    /// <summary>The same with a file's name behind the last slash (-T).</summary>
    public CurlUrl WithFile(string name) => new(Scheme, User, Host, Port, HasPort, Target + Uri.EscapeDataString(name));

    /// <summary>The URL without user and password, as %{url_effective} has it.</summary>
    public override string ToString() => $"{Scheme}://{(HasPort ? string.Create(CultureInfo.InvariantCulture, $"{Bracketed}:{Port}") : Bracketed)}{Target}";

    private static CurlFailure Malformed() => new(CurlCode.UrlMalformat, CurlCode.Describe(CurlCode.UrlMalformat));

    private static ushort DefaultPort(string scheme) => scheme == "https" ? (ushort)443 : (ushort)80;

    private static (string Host, string Port) SplitPort(string authority)
    {
        if (authority.StartsWith('['))
        {
            int close = authority.IndexOf(']', StringComparison.Ordinal);
            return close < 0 ? ("", "") : (authority[1..close], authority[(close + 1)..].TrimStart(':'));
        }

        int colon = authority.LastIndexOf(':');
        return colon < 0 ? (authority, "") : (authority[..colon], authority[(colon + 1)..]);
    }

    private static bool TryPort(string text, string scheme, out ushort port)
    {
        port = DefaultPort(scheme);
        return text.Length == 0 || ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }

    // RFC 3986 5.2.4, for the path alone.
    private static string WithoutDots(string target)
    {
        int query = target.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? target : target[..query];
        if (!path.Contains("/.", StringComparison.Ordinal))
            return target;
        var kept = new List<string>();
        string[] names = path[1..].Split('/');
        for (int i = 0; i < names.Length; i++)
        {
            bool isLast = i == names.Length - 1;
            if (names[i] == ".." && kept.Count > 0)
                kept.RemoveAt(kept.Count - 1);
            if (names[i] is not ("." or ".."))
                kept.Add(names[i]);
            else if (isLast)
                kept.Add("");
        }

        return "/" + string.Join('/', kept) + (query < 0 ? "" : target[query..]);
    }

    [GeneratedRegex("%[0-9A-Fa-f]{2}")]
    private static partial Regex PercentCode();
}
