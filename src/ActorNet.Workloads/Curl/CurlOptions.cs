namespace ActorNet.Workloads.Curl;

/// <summary>Where a response's body goes: a file by its name, or one named by the URL (-O).</summary>
/// <param name="File">File, "-" for standard output; null for the URL's last path segment.</param>
internal readonly record struct CurlTarget(string? File);

/// <summary>How a piece of -d is read.</summary>
internal enum CurlDataKind
{
    /// <summary>-d: a file loses its line ends.</summary>
    Ascii,

    /// <summary>--data-binary: a file as it is.</summary>
    Binary,

    /// <summary>--data-raw: the text itself, with or without an at sign.</summary>
    Raw,

    /// <summary>--data-urlencode.</summary>
    UrlEncode,

    /// <summary>--json: as binary, without an ampersand between pieces.</summary>
    Json,
}

/// <summary>One -d.</summary>
internal readonly record struct CurlData(CurlDataKind Kind, string Text);

/// <summary>What a command line of curl asks for.</summary>
internal sealed class CurlOptions
{
    public List<string> Urls { get; } = [];

    /// <summary>-o and -O in their order: the n-th belongs to the n-th URL.</summary>
    public List<CurlTarget> Targets { get; } = [];

    /// <summary>-T in their order.</summary>
    public List<string> Uploads { get; } = [];

    public List<CurlData> Data { get; } = [];

    /// <summary>-F in their order, "name=content".</summary>
    public List<string> Form { get; } = [];

    public List<string> Headers { get; } = [];

    /// <summary>--resolve in their order.</summary>
    public List<string> Resolve { get; } = [];

    public bool Help { get; set; }

    public bool Version { get; set; }

    public bool Silent { get; set; }

    public bool ShowError { get; set; }

    public bool NoProgress { get; set; }

    public bool ProgressBar { get; set; }

    public bool Fail { get; set; }

    public bool FailWithBody { get; set; }

    public bool FailEarly { get; set; }

    public bool Include { get; set; }

    public bool Head { get; set; }

    public bool Verbose { get; set; }

    public bool Follow { get; set; }

    public bool FollowTrusted { get; set; }

    /// <summary>Negative: without a bound.</summary>
    public long MaxRedirects { get; set; } = 50;

    public string? Method { get; set; }

    public bool Get { get; set; }

    public string? UserAgent { get; set; }

    public string? User { get; set; }

    public string? Referer { get; set; }

    public string? Cookie { get; set; }

    public string? Range { get; set; }

    public bool Compressed { get; set; }

    public bool Insecure { get; set; }

    /// <summary>--cacert: the file of the authorities that are trusted; null: the machine's.</summary>
    public string? AuthorityFile { get; set; }

    /// <summary>HTTP version.</summary>
    public Version HttpVersion { get; set; } = System.Net.HttpVersion.Version11;

    public TimeSpan? MaxTime { get; set; }

    public TimeSpan? ConnectTimeout { get; set; }

    public string? Interface { get; set; }

    public ushort LocalPort { get; set; }

    /// <summary>Ports that may be tried from <see cref="LocalPort"/> on.</summary>
    public int LocalPorts { get; set; } = 1;

    public bool NoKeepAlive { get; set; }

    public string? WriteOut { get; set; }

    public string? DumpHeader { get; set; }

    public string? OutputDirectory { get; set; }

    public bool CreateDirectories { get; set; }

    public bool RemoteNameAll { get; set; }

    public bool GlobOff { get; set; }

    public bool PathAsIs { get; set; }

    public long Retry { get; set; }

    public TimeSpan? RetryDelay { get; set; }

    public TimeSpan? RetryMaxTime { get; set; }

    public bool RetryConnectionRefused { get; set; }

    public bool RetryAllErrors { get; set; }

    /// <summary>Bytes per second in either direction; 0 for no limit.</summary>
    public long LimitRate { get; set; }
}
