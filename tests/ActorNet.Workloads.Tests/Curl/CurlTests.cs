using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tests.Curl;

/// <summary>curl against Kestrel over two emulated namespaces. Words, codes and orders of headers are those that curl 7.88.1 showed for the same.</summary>
public class CurlTests
{
    [Theory]
    [InlineData("curl 10.0.0.2/x", "/x\n")]
    [InlineData("curl http://10.0.0.2/x#part", "/x\n")]
    [InlineData("curl http://web:80/a/../b/./c", "/b/c\n")]
    [InlineData("curl --path-as-is http://web/echo?/../x -o /dev/null -w %{url_effective}", "http://web/echo?/../x")]
    [InlineData("curl web/a web/b", "/a\n/b\n")]
    [InlineData("curl http://web/{a,b}[1-2]", "/a1\n/a2\n/b1\n/b2\n")]
    [InlineData("curl web/[08-10:2]", "/08\n/10\n")]
    [InlineData("curl -g web/{a}", "/{a}\n")]
    [InlineData("curl web/chunked", "one two\n")]
    [InlineData("curl --url web/x --no-buffer -4", "/x\n")]
    [InlineData("curl -sw %{http_code}\\n\\t%{content_type}%%%z web/x", "/x\n200\n\ttext/plain%%z")]
    [InlineData("curl -so /dev/null -w %{http_code} web/status/404", "404")]
    [InlineData("curl -sIw %{size_download} -o /dev/null web/x", "0")]
    [InlineData("curl -s --interface eth0 -w %{local_ip} web/x", "/x\n10.0.0.1")]
    [InlineData("curl -s --resolve foo:80:10.0.0.2 http://foo/x -w %{remote_ip}:%{remote_port}", "/x\n10.0.0.2:80")]
    [InlineData("curl -s --interface 10.0.0.1 --local-port 4001-4002 web/port", "10.0.0.1:4001\n")]
    public async Task Answers_are_printed(string command, string output)
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync(command + " --no-progress-meter");
        Assert.Equal((0, output, ""), (run.Code, run.Output, run.Error));
    }

    [Theory]
    [InlineData("", "GET /echo HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\n\n")]
    [InlineData("-0", "GET /echo HTTP/1.0\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\n\n")]
    [InlineData("-d a=1 -d b=2", "POST /echo HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 7\n\na=1&b=2")]
    [InlineData("-G -d a=1 --data-urlencode b=x/y", "GET /echo?a=1&b=x%2fy HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\n\n")]
    [InlineData("-XPUT -H X-One:1 -H Accept: -H Host:other -A me -e from -u u:p", "PUT /echo HTTP/1.1\nHost: other\nUser-Agent: me\nAuthorization: Basic dTpw\nReferer: from\nX-One: 1\nContent-Length: 0\n\n")]
    [InlineData("--json {} -r 0-3", "POST /echo HTTP/1.1\nAccept: application/json\nHost: web\nUser-Agent: curl/7.88.1\nContent-Type: application/json\nContent-Length: 2\nRange: bytes=0-3\n\n{}")]
    [InlineData("-d @/lines", "POST /echo HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 6\n\nonetwo")]
    [InlineData("--data-binary @/lines -H Content-Type:text/x", "POST /echo HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\nContent-Type: text/x\nContent-Length: 8\n\none\ntwo\n")]
    [InlineData("-T /lines", "PUT /echo HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\nContent-Length: 8\n\none\ntwo\n")]
    [InlineData("-T -", "PUT /echo HTTP/1.1\nAccept: */*\nHost: web\nUser-Agent: curl/7.88.1\nTransfer-Encoding: chunked\n\nstdin")]
    public async Task Requests_carry_what_the_options_ask_for(string options, string request)
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        await WriteAsync(rig, "/lines", "one\ntwo\n");
        CurlRun run = await rig.RunAsync($"curl -sS {options} http://web/echo", "stdin");
        Assert.Equal("", run.Error);
        // Kestrel hands headers on in an order of its own.
        Assert.Equal(Sorted(request), Sorted(run.Output));
    }

    [Theory]
    // What curl 7.88.1 does with method and body.
    [InlineData("-L web/to/302", "GET", "")]
    [InlineData("-L -d x=1 web/to/301", "GET", "")]
    [InlineData("-L -d x=1 web/to/303", "GET", "")]
    [InlineData("-L -d x=1 web/to/307", "POST", "x=1")]
    [InlineData("-L -d x=1 -X PATCH web/to/302", "PATCH", "")]
    public async Task Redirects_are_followed(string arguments, string method, string body)
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl -sS " + arguments + " -w |%{num_redirects}|%{num_connects}");
        Assert.StartsWith(method + " /echo HTTP/1.1\n", run.Output, StringComparison.Ordinal);
        Assert.EndsWith($"\n\n{body}|1|1", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-sS http://web/a%20b c", 6, "curl: (6) Could not resolve host: c\n")]
    [InlineData("-sS nowhere", 6, "curl: (6) Could not resolve host: nowhere\n")]
    [InlineData("-s nowhere", 6, "")]
    [InlineData("-sS foo://web/", 1, "curl: (1) Protocol \"foo\" not supported or disabled in libcurl\n")]
    [InlineData("-sS http://", 3, "curl: (3) URL using bad/illegal format or missing URL\n")]
    [InlineData("-sS http://web:99999/", 3, "curl: (3) URL using bad/illegal format or missing URL\n")]
    [InlineData("-sS http://10.0.0.2/[x", 3, "curl: (3) bad range in URL position 18:\nhttp://10.0.0.2/[x\n                 ^\n")]
    [InlineData("-sSf web/status/404", 22, "curl: (22) The requested URL returned error: 404\n")]
    [InlineData("-sSL --max-redirs 2 web/loop", 47, "curl: (47) Maximum (2) redirects followed\n")]
    [InlineData("-sS -o /nonexist/x web/x", 23, "curl: (23) Failure writing output to destination\n")]
    [InlineData("-S -o /nonexist/x --no-progress-meter web/x", 23, "Warning: Failed to open the file /nonexist/x: No such file or directory\ncurl: (23) Failure writing output to destination\n")]
    [InlineData("-sO web/", 23, "")]
    [InlineData("-sSO web/", 23, "curl: (23) Failed writing received data to disk/application\n")]
    [InlineData("-sS -T /nonexist web/", 26, "curl: Can't open '/nonexist'!\ncurl: try 'curl --help' or 'curl --manual' for more information\n")]
    [InlineData("-sS --interface nodev web/", 45, "curl: (45) Couldn't bind to 'nodev'\n")]
    [InlineData("-sS --interface 9.9.9.9 web/", 45, "curl: (45) bind failed with errno 99: Cannot assign requested address\n")]
    [InlineData("--bogus", 2, "curl: option --bogus: is unknown\n" + Hint)]
    [InlineData("-sQ?x", 2, "curl: option -sQ?x: is unknown\n" + Hint)]
    [InlineData("-o", 2, "curl: option -o: requires parameter\n" + Hint)]
    [InlineData("--max-time x web", 2, "curl: option --max-time: expected a proper numerical parameter\n" + Hint)]
    [InlineData("--proxy x web", 2, "curl: option --proxy: the installed libcurl version doesn't support this\n" + Hint)]
    [InlineData("-s", 2, "curl: no URL specified!\n" + Hint)]
    [InlineData("", 2, Hint)]
    public async Task Failures_have_curls_codes_and_words(string arguments, int code, string error)
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl " + arguments);
        Assert.Equal((code, error), (run.Code, run.Error));
    }

    private const string Hint = "curl: try 'curl --help' or 'curl --manual' for more information\n";

    // A timer may be some milliseconds early by the clock that tells how long it was.
    [Theory]
    [InlineData("-sS 10.0.0.2:82", 7, @"curl: \(7\) Failed to connect to 10\.0\.0\.2 port 82 after \d+ ms: Couldn't connect to server\n")]
    [InlineData("-sS 192.0.2.1", 7, @"curl: \(7\) Failed to connect to 192\.0\.2\.1 port 80 after \d+ ms: Couldn't connect to server\n")]
    [InlineData("-sS --connect-timeout 0.2 10.0.0.9", 28, @"curl: \(28\) Failed to connect to 10\.0\.0\.9 port 80 after (19\d|[2-9]\d\d|\d{4,}) ms: Timeout was reached\n")]
    [InlineData("-sS -m 0.2 10.0.0.9", 28, @"curl: \(28\) Connection timed out after (19\d|[2-9]\d\d|\d{4,}) milliseconds\n")]
    [InlineData("-sS --retry 1 --retry-delay 0 --retry-connrefused web:82", 7, @"(curl: \(7\) Failed to connect to web port 82 after \d+ ms: Couldn't connect to server\n){2}")]
    [InlineData("--no-progress-meter --retry 1 --retry-delay 0 web/status/503", 0, @"Warning: Problem : HTTP error\. Will retry in 0 seconds\. 1 retries left\.\n")]
    public async Task Failures_with_a_time_have_curls_codes_and_words(string arguments, int code, string pattern)
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl " + arguments);
        Assert.Matches($@"\A{pattern}\z", run.Error);
        Assert.Equal(code, run.Code);
    }

    [Theory]
    [InlineData("", 0, 52, "", @"Empty reply from server")]
    [InlineData("", 1, 56, "", @"Recv failure: Connection reset by peer")]
    [InlineData("SSH-2.0-x\r\n", 0, 1, "", @"Received HTTP/0\.9 when not allowed")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 0, 18, "abc", @"transfer closed with 7 bytes remaining to read")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0, 18, "abc", @"transfer closed with outstanding read data remaining")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 2, 28, "abc", @"Operation timed out after \d+ milliseconds with 3 out of 10 bytes received")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nabc", 2, 28, "abc", @"Operation timed out after \d+ milliseconds with 3 bytes received")]
    public async Task Servers_that_misbehave_are_told_apart(string answer, int end, int code, string output, string why)
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        await rig.AnswerRawAsync(answer, (ConnectionEnd)end);
        CurlRun run = await rig.RunAsync($"curl -sS -m {(end == 2 ? "0.3" : "30")} web:81");
        // On a full machine the time may be over before anything came: more of it, then.
        for (int most = 1; end == 2 && run.Bytes.Length == 0 && most <= 30; most *= 5)
            run = await rig.RunAsync($"curl -sS -m {most} web:81");
        Assert.Matches($@"\Acurl: \({code}\) {why}\n\z", run.Error);
        Assert.Equal((code, output), (run.Code, run.Output));
    }

    [Fact]
    public async Task A_large_body_arrives_unchanged_on_standard_output_and_in_a_file()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl -s -o /tmp/a web/content web/content -w %{size_download},%{num_connects};");
        byte[] tail = Encoding.ASCII.GetBytes("5000000,0;");
        Assert.Equal("5000000,1;", run.Output[..10]);
        Assert.Equal(tail, run.Bytes[^10..]);
        Assert.Equal(SHA256.HashData(HttpRig.Content), SHA256.HashData(run.Bytes.AsSpan(10..^10)));
        Stream file = rig.Files.OpenRead("/tmp/a");
        Assert.Equal(SHA256.HashData(HttpRig.Content), await SHA256.HashDataAsync(file));
        await file.DisposeAsync();
    }

    [Fact]
    public async Task A_body_goes_through_a_pipe_of_the_shell_unchanged()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunWordsAsync(["sh", "-c", "curl -s http://web/content | wc -c; curl -s web/content | head -c 10 | wc -c; curl -sS nowhere || echo $?"]);
        Assert.Equal(("5000000\n10\n6\n", "curl: (6) Could not resolve host: nowhere\n"), (run.Output, run.Error));
    }

    [Fact]
    public async Task Verbose_shows_what_is_on_the_wire_in_curls_marks()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl -sv -d x=1 -o /dev/null web/x web/y");
        Assert.Matches(
            @"\A\*   Trying 10\.0\.0\.2:80\.\.\.\n\* Connected to web \(10\.0\.0\.2\) port 80 \(#0\)\n"
            + @"> POST /x HTTP/1\.1\r\n> Host: web\r\n> User-Agent: curl/7\.88\.1\r\n> Accept: \*/\*\r\n> Content-Length: 3\r\n"
            + @"> Content-Type: application/x-www-form-urlencoded\r\n> \r\n\} \[3 bytes data\]\n"
            + @"< HTTP/1\.1 200 OK\r\n(< [A-Za-z-]+: [^\r]+\r\n){3}< \r\n\{ \[3 bytes data\]\n\* Connection #0 to host web left intact\n"
            + @"\* Re-using existing connection #0 with host web\n> POST /y",
            run.Error);
        Assert.Single(rig.Connections);
    }

    [Fact]
    public async Task Heads_are_printed_as_they_came()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        await rig.AnswerRawAsync("HTTP/1.1 200 Fine indeed\r\nx-lOwEr: 1\r\nContent-Length: 3\r\n\r\nabc", ConnectionEnd.Closed);
        const string Head = "HTTP/1.1 200 Fine indeed\r\nx-lOwEr: 1\r\nContent-Length: 3\r\n\r\n";
        Assert.Equal(Head + "abc", (await rig.RunAsync("curl -si web:81")).Output);
        CurlRun dumped = await rig.RunAsync("curl -s -D - -o /dev/null -w %header{X-Lower}%{num_headers}%{size_header} web:81");
        Assert.Equal(Head + "12" + Head.Length.ToString(CultureInfo.InvariantCulture), dumped.Output);
    }

    [Fact]
    public async Task With_f_the_body_is_dropped_unless_it_is_asked_for()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        Assert.Equal((22, ""), Pair(await rig.RunAsync("curl -sf web/status/500")));
        Assert.Equal((22, "the body\n"), Pair(await rig.RunAsync("curl -s --fail-with-body web/status/500")));
        Assert.Equal((0, "the body\n"), Pair(await rig.RunAsync("curl -s web/status/500")));
        Assert.Equal((0, "/x\n"), Pair(await rig.RunAsync("curl -sf web/status/500 web/x")));
        Assert.Equal((22, ""), Pair(await rig.RunAsync("curl -sf --fail-early web/status/500 web/x")));
    }

    [Fact]
    public async Task Without_s_the_meter_ends_in_curls_last_line()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl -o /tmp/x web/content");
        Assert.StartsWith("  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"\r100 4882k  100 4882k    0     0  [ 0-9.]{4}[0-9kMG]      0 [- 0-9:]{8} [- 0-9:]{8} [- 0-9:]{8} [ 0-9.]{4}[0-9kMG]\n\z", run.Error);
    }

    [Fact]
    public async Task A_limited_rate_holds_the_transfer_back()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        CurlRun run = await rig.RunAsync("curl -s --limit-rate 5M -o /dev/null -w %{time_total} web/content");
        Assert.InRange(double.Parse(run.Output, CultureInfo.InvariantCulture), 0.95, HttpRig.Patience.TotalSeconds);
    }

    [Fact]
    public async Task A_form_is_multipart()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        await WriteAsync(rig, "/tmp/f.txt", "data");
        string[] lines = (await rig.RunAsync("curl -sS -F a=1 -F b=@/tmp/f.txt;type=text/x web/echo")).Output.Split("\n\n", 2);
        string boundary = lines[0].Split("boundary=")[1].Split('\n')[0];
        Assert.Equal(
            $"--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
            + $"--{boundary}\r\nContent-Disposition: form-data; name=\"b\"; filename=\"f.txt\"\r\nContent-Type: text/x\r\n\r\ndata\r\n--{boundary}--\r\n",
            lines[1]);
    }

    [Fact]
    public async Task Cancelling_ends_it()
    {
        await using HttpRig rig = await HttpRig.StartAsync();
        await rig.AnswerRawAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ConnectionEnd.LeftOpen);
        using var stop = new CancellationTokenSource();
        Task<CurlRun> run = rig.RunAsync("curl -s web:81", cancellation: stop.Token);
        await stop.CancelAsync();
        Assert.Equal(143, (await run).Code);
    }

    private static (int, string) Pair(CurlRun run) => (run.Code, run.Output);

    private static string Sorted(string request)
    {
        string[] parts = request.Split("\n\n", 2);
        string[] lines = parts[0].Split('\n');
        return string.Join('\n', lines[..1].Concat(lines[1..].Order(StringComparer.Ordinal))) + "\n\n" + parts[1];
    }

    private static async Task WriteAsync(HttpRig rig, string path, string text)
    {
        Stream file = rig.Files.OpenWrite(path, FileWriteMode.Truncate);
        await file.WriteAsync(Encoding.UTF8.GetBytes(text));
        await file.DisposeAsync();
    }
}
