namespace ActorNet.Workloads.Curl;

/// <summary>curl's name for itself, and its pages.</summary>
internal static class CurlText
{
    /// <summary>The version whose words and codes are imitated: Debian 12's.</summary>
    public const string Version = "7.88.1";

    public const string Hint = "curl: try 'curl --help' or 'curl --manual' for more information\n";

    public const string VersionText = $"curl {Version} (ActorNet) .NET HttpClient\nProtocols: http https\nFeatures: brotli libz SSL\n";

    public const string Help =
        """
        Usage: curl [options...] <url>
        Body:     -d --data-binary --data-raw --data-urlencode --json -F -G -T FILE
        Request:  -X METHOD -I -H HEADER -A AGENT -u USER:PASSWORD -e REFERER -b COOKIE -r RANGE --compressed -0 --http1.1
        Follow:   -L --location-trusted --max-redirs N
        Output:   -o FILE -O --output-dir DIR --create-dirs -i -D FILE -v -s -S -f --fail-with-body -w FORMAT -# --no-progress-meter
        Limits:   -m SECONDS --connect-timeout SECONDS --limit-rate BYTES --retry N --retry-delay SECONDS --retry-max-time SECONDS
                  --retry-connrefused --retry-all-errors --fail-early
        Address:  --interface DEVICE|ADDRESS --local-port PORT[-PORT] --resolve HOST:PORT:ADDRESS -k --cacert FILE
        Other:    -g --path-as-is --no-keepalive --url URL -h -V

        """;
}
