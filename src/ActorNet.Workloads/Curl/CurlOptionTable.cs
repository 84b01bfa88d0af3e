using System.Net;

namespace ActorNet.Workloads.Curl;

/// <summary>One option: a flag, which "--no-NAME" takes back, or one with a value.</summary>
/// <param name="Name">Long name.</param>
/// <param name="Letter">Short name, or NUL.</param>
/// <param name="Set">For a flag.</param>
/// <param name="Take">For an option with a value.</param>
internal sealed record CurlOption(string Name, char Letter, Action<CurlOptions, bool>? Set, Action<CurlOptions, string>? Take);

/// <summary>The options that are built in, and the names of those that only the real curl has.</summary>
internal static class CurlOptionTable
{
    // Known to the real tool: refused as a libcurl without the feature would.
    private static readonly string[] Foreign =
    [
        "cookie-jar", "proxy", "config", "capath", "cert", "key", "http2", "http2-prior-knowledge", "http3", "parallel", "next",
        "unix-socket", "abstract-unix-socket", "netrc", "netrc-file", "digest", "ntlm", "negotiate", "anyauth", "oauth2-bearer", "socks4", "socks5", "socks5-hostname",
        "ftp-port", "ftp-pasv", "quote", "list-only", "continue-at", "time-cond", "trace", "trace-ascii", "dns-servers", "doh-url", "ipv6", "connect-to",
        "speed-limit", "speed-time", "max-filesize", "remote-time", "remote-header-name", "preproxy", "request-target", "tftp-blksize", "manual", "libcurl",
    ];

    private static readonly CurlOption[] Options =
    [
        Flag("silent", 's', (o, on) => o.Silent = on),
        Flag("show-error", 'S', (o, on) => o.ShowError = on),
        Flag("fail", 'f', (o, on) => o.Fail = on),
        Flag("fail-with-body", '\0', (o, on) => o.FailWithBody = on),
        Flag("fail-early", '\0', (o, on) => o.FailEarly = on),
        Flag("include", 'i', (o, on) => o.Include = on),
        Flag("head", 'I', (o, on) => o.Head = on),
        Flag("verbose", 'v', (o, on) => o.Verbose = on),
        Flag("location", 'L', (o, on) => o.Follow = on),
        Flag("location-trusted", '\0', (o, on) => (o.Follow, o.FollowTrusted) = (on, on)),
        Flag("get", 'G', (o, on) => o.Get = on),
        Flag("insecure", 'k', (o, on) => o.Insecure = on),
        Flag("compressed", '\0', (o, on) => o.Compressed = on),
        Flag("progress-bar", '#', (o, on) => o.ProgressBar = on),
        Flag("progress-meter", '\0', (o, on) => o.NoProgress = !on),
        Flag("globoff", 'g', (o, on) => o.GlobOff = on),
        Flag("path-as-is", '\0', (o, on) => o.PathAsIs = on),
        Flag("create-dirs", '\0', (o, on) => o.CreateDirectories = on),
        Flag("remote-name-all", '\0', (o, on) => o.RemoteNameAll = on),
        Flag("remote-name", 'O', (o, _) => o.Targets.Add(default)),
        Flag("http1.0", '0', (o, _) => o.HttpVersion = HttpVersion.Version10),
        Flag("http1.1", '\0', (o, _) => o.HttpVersion = HttpVersion.Version11),
        Flag("retry-connrefused", '\0', (o, on) => o.RetryConnectionRefused = on),
        Flag("retry-all-errors", '\0', (o, on) => o.RetryAllErrors = on),
        Flag("keepalive", '\0', (o, on) => o.NoKeepAlive = !on),
        Flag("help", 'h', (o, on) => o.Help = on),
        Flag("version", 'V', (o, on) => o.Version = on),
        // Nothing differs here: output is never held back, there is IPv4 only, no file of settings, NODELAY always.
        Flag("buffer", 'N', static (_, _) => { }),
        Flag("ipv4", '4', static (_, _) => { }),
        Flag("disable", 'q', static (_, _) => { }),
        Flag("tcp-nodelay", '\0', static (_, _) => { }),
        Flag("basic", '\0', static (_, _) => { }),
        Value("noproxy", '\0', static (_, _) => { }),
        Value("url", '\0', (o, v) => o.Urls.Add(v)),
        Value("output", 'o', (o, v) => o.Targets.Add(new CurlTarget(v))),
        Value("output-dir", '\0', (o, v) => o.OutputDirectory = v),
        Value("upload-file", 'T', (o, v) => o.Uploads.Add(v)),
        Value("max-redirs", '\0', (o, v) => o.MaxRedirects = CurlNumber.Signed(v)),
        Value("request", 'X', (o, v) => o.Method = v),
        Value("data", 'd', (o, v) => o.Data.Add(new CurlData(CurlDataKind.Ascii, v))),
        Value("data-ascii", '\0', (o, v) => o.Data.Add(new CurlData(CurlDataKind.Ascii, v))),
        Value("data-binary", '\0', (o, v) => o.Data.Add(new CurlData(CurlDataKind.Binary, v))),
        Value("data-raw", '\0', (o, v) => o.Data.Add(new CurlData(CurlDataKind.Raw, v))),
        Value("data-urlencode", '\0', (o, v) => o.Data.Add(new CurlData(CurlDataKind.UrlEncode, v))),
        Value("json", '\0', (o, v) => o.Data.Add(new CurlData(CurlDataKind.Json, v))),
        Value("form", 'F', (o, v) => o.Form.Add(v)),
        Value("header", 'H', (o, v) => o.Headers.Add(v)),
        Value("user-agent", 'A', (o, v) => o.UserAgent = v),
        Value("user", 'u', (o, v) => o.User = v),
        Value("referer", 'e', (o, v) => o.Referer = v),
        Value("cookie", 'b', (o, v) => o.Cookie = v),
        Value("range", 'r', (o, v) => o.Range = v),
        Value("max-time", 'm', (o, v) => o.MaxTime = CurlNumber.Seconds(v)),
        Value("connect-timeout", '\0', (o, v) => o.ConnectTimeout = CurlNumber.Seconds(v)),
        Value("interface", '\0', (o, v) => o.Interface = v),
        Value("local-port", '\0', (o, v) => (o.LocalPort, o.LocalPorts) = CurlNumber.Ports(v)),
        Value("keepalive-time", '\0', (_, v) => CurlNumber.Unsigned(v)),
        Value("write-out", 'w', (o, v) => o.WriteOut = v),
        Value("dump-header", 'D', (o, v) => o.DumpHeader = v),
        Value("retry", '\0', (o, v) => o.Retry = CurlNumber.Unsigned(v)),
        Value("retry-delay", '\0', (o, v) => o.RetryDelay = CurlNumber.WholeSeconds(v)),
        Value("retry-max-time", '\0', (o, v) => o.RetryMaxTime = CurlNumber.WholeSeconds(v)),
        Value("resolve", '\0', (o, v) => o.Resolve.Add(v)),
        Value("cacert", '\0', (o, v) => o.AuthorityFile = v),
        Value("limit-rate", '\0', (o, v) => o.LimitRate = CurlNumber.Size(v)),
    ];

    /// <summary>Finds by a letter.</summary>
    public static CurlOption? Find(char letter) => Array.Find(Options, o => o.Letter == letter);

    /// <summary>Finds by a long name or a beginning that only one has.</summary>
    /// <param name="name">Name without the hyphens.</param>
    /// <exception cref="CurlUsageException">Unknown, ambiguous or not built in.</exception>
    public static CurlOption Find(string name)
    {
        if (Array.Find(Options, o => o.Name == name) is { } exact)
            return exact;
        CurlOption[] found = Array.FindAll(Options, o => o.Name.StartsWith(name, StringComparison.Ordinal));
        string[] foreign = Array.FindAll(Foreign, n => n == name || (found.Length == 0 && n.StartsWith(name, StringComparison.Ordinal)));
        if (foreign.Length > 0)
            throw new CurlUsageException("the installed libcurl version doesn't support this");
        return found.Length == 1 ? found[0] : throw new CurlUsageException(found.Length == 0 ? "is unknown" : "is ambiguous");
    }

    private static CurlOption Flag(string name, char letter, Action<CurlOptions, bool> set) => new(name, letter, set, null);

    private static CurlOption Value(string name, char letter, Action<CurlOptions, string> take) => new(name, letter, null, take);
}
