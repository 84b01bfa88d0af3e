namespace ActorNet.Interop.Tests.Nginx;

/// <summary>
/// The same request to the real nginx and to ours: status line, headers (but Date), body and log lines must be equal. What Kestrel refuses before
/// a program sees it (a malformed request line, %00, no Host) is not nginx's page and is not compared.
/// </summary>
public sealed class NginxJudgeTests(NginxPair pair) : IClassFixture<NginxPair>
{
    private const string Modified = "Fri, 02 Jan 2026 03:04:05 GMT";

    // Of digits.txt: its time and its 10 bytes.
    private const string Tag = "\"695735a5-a\"";

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/index.html")]
    [InlineData("HEAD", "/")]
    [InlineData("HEAD", "/digits.txt")]
    [InlineData("HEAD", "/nowhere")]
    [InlineData("GET", "/empty.txt")]
    [InlineData("GET", "/a%20b.TXT")]
    [InlineData("GET", "/.hidden")]
    [InlineData("GET", "/two.tar.gz")]
    [InlineData("GET", "/noending")]
    [InlineData("GET", "/secret.txt")]
    [InlineData("GET", "/bare")]
    [InlineData("GET", "/bare?x=1&y=%20")]
    [InlineData("GET", "/bare/")]
    [InlineData("GET", "/deep/")]
    [InlineData("GET", "/deep")]
    [InlineData("GET", "/nowhere")]
    [InlineData("GET", "/nowhere/")]
    [InlineData("GET", "/nowhere/x")]
    [InlineData("GET", "/index.html/")]
    [InlineData("GET", "/index.html/x")]
    [InlineData("POST", "/")]
    [InlineData("POST", "/digits.txt")]
    [InlineData("POST", "/nowhere")]
    [InlineData("POST", "/bare")]
    [InlineData("POST", "/bare/")]
    [InlineData("PUT", "/digits.txt")]
    [InlineData("DELETE", "/nowhere")]
    [InlineData("PATCH", "/bare/")]
    [InlineData("OPTIONS", "/digits.txt")]
    [InlineData("FOO", "/digits.txt")]
    [InlineData("GET", "/bare/../digits.txt")]
    [InlineData("GET", "/../digits.txt")]
    [InlineData("GET", "/bare/../../digits.txt")]
    [InlineData("GET", "/%2e%2e/digits.txt")]
    [InlineData("GET", "/bare%2Fx.txt")]
    [InlineData("GET", "//bare///x.txt")]
    [InlineData("GET", "/bare/./x.txt")]
    [InlineData("GET", "/deep/.")]
    [InlineData("GET", "/deep/x/..")]
    [InlineData("GET", "/digits.txt?x=%zz")]
    [InlineData("GET", "/digits.txt#part")]
    [InlineData("GET", "/%zz")]
    [InlineData("GET", "/100%")]
    [InlineData("GET", "/nowhere%0Aline%22")]
    [InlineData("GET", "/%E2%82%AC")]
    [InlineData("GET", "/bare?x=\u0001")]
    [InlineData("GET", "/bare\u007f")]
    [InlineData("GET", "http://judge.example/digits.txt")]
    [InlineData("GET", "http://judge.example")]
    public async Task A_request_is_answered_and_logged_alike(string method, string target)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        string request = $"{method} {target} HTTP/1.1\r\nHost: Judge.example\r\nUser-Agent: judge/1.0\r\nConnection: close\r\n\r\n";
        Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
        Assert.Equal(await pair.RealLogsAsync(1, 0), pair.OurLogs(1, 0));
    }

    [Theory]
    [InlineData("/nowhere")]
    [InlineData("/nowhere/")]
    [InlineData("/bare/")]
    [InlineData("/index.html/x")]
    [InlineData("/secret.txt")]
    public async Task An_error_is_logged_alike(string target)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        string request = $"GET {target} HTTP/1.1\r\nHost: judge.example\r\nReferer: http://judge.example/from\r\nConnection: close\r\n\r\n";
        Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
        Assert.Equal(await pair.RealLogsAsync(1, 1), pair.OurLogs(1, 1));
    }

    [Theory]
    [InlineData("bytes=0-3")]
    [InlineData("bytes=4-")]
    [InlineData("bytes=-3")]
    [InlineData("bytes=-30")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=0-99")]
    [InlineData("bytes=9-9")]
    [InlineData("bytes=10-")]
    [InlineData("bytes=5-3")]
    [InlineData("bytes=0-")]
    [InlineData("bytes=0-0,9-9")]
    [InlineData("bytes=9-9, 0-0")]
    [InlineData("bytes=0-6,4-9")]
    [InlineData("bytes=0-1,20-30")]
    [InlineData("bytes=20-30,40-")]
    [InlineData("bytes= 1 - 2 ")]
    [InlineData("BYTES=1-2")]
    [InlineData("bytes=x-2")]
    [InlineData("bytes=1-x")]
    [InlineData("bytes=1")]
    [InlineData("bytes=")]
    [InlineData("bytes=1-2,")]
    [InlineData("bytes=,1-2")]
    [InlineData("bytes=0-99999999999999999999")]
    [InlineData("lines=1-2")]
    [InlineData("bytes=1-2\r\nIf-Range: " + Tag)]
    [InlineData("bytes=1-2\r\nIf-Range: \"other\"")]
    [InlineData("bytes=1-2\r\nIf-Range: " + Modified)]
    [InlineData("bytes=1-2\r\nIf-Range: Sat, 03 Jan 2026 03:04:05 GMT")]
    public async Task A_range_is_answered_alike(string range)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        foreach (string method in (string[])["GET", "HEAD"])
        {
            string request = $"{method} /digits.txt HTTP/1.1\r\nHost: judge.example\r\nConnection: close\r\nRange: {range}\r\n\r\n";
            Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
            Assert.Equal(await pair.RealLogsAsync(1, 0), pair.OurLogs(1, 0));
        }
    }

    [Theory]
    [InlineData("If-Modified-Since: " + Modified)]
    [InlineData("If-Modified-Since: Sat, 03 Jan 2026 03:04:05 GMT")]
    [InlineData("If-Modified-Since: Thu, 01 Jan 2026 03:04:05 GMT")]
    [InlineData("If-Modified-Since: yesterday")]
    [InlineData("If-Modified-Since: Friday, 02-Jan-26 03:04:05 GMT")]
    [InlineData("If-Modified-Since: Fri Jan  2 03:04:05 2026")]
    [InlineData("If-None-Match: " + Tag)]
    [InlineData("If-None-Match: W/" + Tag)]
    [InlineData("If-None-Match: \"other\", " + Tag)]
    [InlineData("If-None-Match: \"other\"")]
    [InlineData("If-None-Match: *")]
    [InlineData("If-None-Match: " + Tag + "\r\nIf-Modified-Since: Thu, 01 Jan 2026 03:04:05 GMT")]
    [InlineData("If-None-Match: \"other\"\r\nIf-Modified-Since: " + Modified)]
    [InlineData("If-Match: " + Tag)]
    [InlineData("If-Match: W/" + Tag)]
    [InlineData("If-Match: \"other\"")]
    [InlineData("If-Match: *")]
    [InlineData("If-Unmodified-Since: " + Modified)]
    [InlineData("If-Unmodified-Since: Thu, 01 Jan 2026 03:04:05 GMT")]
    [InlineData("If-Unmodified-Since: Sat, 03 Jan 2026 03:04:05 GMT")]
    [InlineData("If-Unmodified-Since: yesterday")]
    public async Task A_condition_is_answered_alike(string condition)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        string request = $"GET /digits.txt HTTP/1.1\r\nHost: judge.example\r\nConnection: close\r\n{condition}\r\n\r\n";
        Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
    }

    [Theory]
    [InlineData("GET /digits.txt HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("POST /digits.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("POST /digits.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("GET /digits.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")]
    [InlineData("GET /digits.txt HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n")]
    [InlineData("HEAD /digits.txt HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /digits.txt HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + Tag + "\r\n\r\n")]
    public async Task A_connection_is_kept_for_a_second_request(string first)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        string requests = first + "GET /bare/x.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        Assert.Equal(await pair.AskRealAsync(requests), await pair.AskOursAsync(requests));
    }

    [Theory]
    [InlineData("GET /digits.txt HTTP/1.0\r\n\r\n")]
    [InlineData("GET /bare HTTP/1.0\r\n\r\n")]
    [InlineData("GET /digits.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /index.html HTTP/1.1\r\nHost: a\r\n\r\n")]
    public async Task A_connection_is_closed_after_the_answer(string request)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
    }

    [Fact]
    public async Task Every_ending_of_its_own_table_gives_its_type()
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        Assert.True(NginxPair.Endings.Count > 100);
        foreach (string ending in NginxPair.Endings.Append("unknown"))
        {
            string request = $"HEAD /types/a.{ending} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
        }
    }

    [Theory]
    [InlineData("Authorization: Basic dXNlcjpwYXNz")]
    [InlineData("Authorization: Bearer x")]
    [InlineData("Authorization: Basic ???")]
    [InlineData("User-Agent: say \"x\" \\ y\tz")]
    [InlineData("User-Agent: caf\u00e9")]
    [InlineData("Referer: http://judge.example/a?b=c")]
    public async Task A_line_of_the_access_log_is_equal(string header)
    {
        Need.Root();
        Need.Tool("nginx", "ss");
        string request = $"GET /digits.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}\r\n\r\n";
        Assert.Equal(await pair.AskRealAsync(request), await pair.AskOursAsync(request));
        Assert.Equal(await pair.RealLogsAsync(1, 0), pair.OurLogs(1, 0));
    }
}
