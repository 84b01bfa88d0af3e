using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Curl;

/// <summary>--write-out (curl src/tool_writeout.c): a text whose %{NAME} stand for what a transfer was.</summary>
internal static class CurlWriteOut
{
    /// <summary>Writes the text out.</summary>
    /// <param name="template">Text.</param>
    /// <param name="facts">The transfer.</param>
    /// <returns>What goes to standard output and to standard error.</returns>
    public static (string Output, string Error) Format(string template, CurlFacts facts)
    {
        var output = new StringBuilder();
        var error = new StringBuilder();
        StringBuilder current = output;
        for (int i = 0; i < template.Length; i++)
        {
            char c = template[i];
            if (c is not ('%' or '\\') || i + 1 == template.Length)
            {
                current.Append(c);
                continue;
            }

            char next = template[i + 1];
            int close = c == '%' && (next == '{' || template.AsSpan(i).StartsWith("%header{")) ? template.IndexOf('}', i) : -1;
            if (close < 0)
            {
                current.Append(Escape(c, next));
                i++;
                continue;
            }

            string name = template[(template.IndexOf('{', i) + 1)..close];
            i = close;
            if (next == 'h')
                current.Append(Header(facts, name));
            else if (name is "stdout" or "stderr")
                current = name == "stdout" ? output : error;
            else if (Value(name, facts) is { } value)
                current.Append(value);
            else
                error.Append("curl: unknown --write-out variable: '").Append(name).Append("'\n");
        }

        return (output.ToString(), error.ToString());
    }

    private static string Escape(char mark, char next) => (mark, next) switch
    {
        ('%', '%') => "%",
        ('\\', 'n') => "\n",
        ('\\', 'r') => "\r",
        ('\\', 't') => "\t",
        _ => $"{mark}{next}",
    };

    private static string? Value(string name, CurlFacts facts) => name switch
    {
        "http_code" or "response_code" => facts.Status.ToString("000", CultureInfo.InvariantCulture),
        "http_connect" => "000",
        "http_version" => facts.Status == 0 ? "0" : facts.HttpVersion.ToString(),
        "time_namelookup" => Seconds(facts.NameLookup),
        "time_connect" => Seconds(facts.Connect),
        "time_appconnect" => Seconds(facts.AppConnect),
        "time_pretransfer" => Seconds(facts.PreTransfer),
        "time_starttransfer" => Seconds(facts.StartTransfer),
        "time_redirect" => Seconds(facts.Redirect),
        "time_total" => Seconds(facts.Total),
        "size_download" => Number(facts.Downloaded),
        "size_upload" => Number(facts.Uploaded),
        "size_header" => Number(facts.HeadBytes),
        "size_request" => Number(facts.RequestBytes),
        "speed_download" => Number(facts.Speed(facts.Downloaded)),
        "speed_upload" => Number(facts.Speed(facts.Uploaded)),
        "remote_ip" => facts.Remote.Address.IsAny ? "" : facts.Remote.Address.ToString(),
        "remote_port" => Number(facts.Remote.Port),
        "local_ip" => facts.Local.Address.IsAny ? "" : facts.Local.Address.ToString(),
        "local_port" => Number(facts.Local.Port),
        "num_connects" => Number(facts.Connects),
        "num_redirects" => Number(facts.Redirects),
        "num_headers" => Number(Lines(facts).Length),
        "redirect_url" => facts.RedirectUrl ?? "",
        "url_effective" => facts.Url?.ToString() ?? facts.Text,
        "url" => facts.Text,
        "urlnum" => Number(facts.Number),
        "scheme" => facts.Remote.Port == 0 ? "" : facts.Url?.Scheme.ToUpperInvariant() ?? "",
        "method" => facts.Method,
        "content_type" => facts.ContentType ?? "",
        "referer" => facts.Referer ?? "",
        "filename_effective" => facts.FileName ?? "",
        "ssl_verify_result" or "proxy_ssl_verify_result" => "0",
        "exitcode" => Number(facts.ExitCode),
        "errormsg" => facts.Failure?.Message ?? "",
        _ => null,
    };

    private static string Header(CurlFacts facts, string name)
    {
        string? line = Array.Find(Lines(facts), l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
        return line is null ? "" : line[(name.Length + 1)..].Trim();
    }

    // The last response's header lines, without its status line.
    private static string[] Lines(CurlFacts facts) => facts.Head is null
        ? [] : Encoding.Latin1.GetString(facts.Head).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)[1..];

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
