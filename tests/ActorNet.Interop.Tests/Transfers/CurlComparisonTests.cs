using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>The same command line through Debian's curl and through ours, against the same nginx: output, messages and exit code are equal.</summary>
[Collection(TransferTestCollection.Name)]
public sealed partial class CurlComparisonTests(SharedTransferBed shared)
{
    // Not here: PUT and POST without a body, for which HttpClient says "Content-Length: 0" and curl nothing.
    // Every variable of 7.88.1 whose value is no time, speed or port.
    private const string Variables =
        "%{content_type}|%{errormsg}|%{exitcode}|%{filename_effective}|%{http_code}|%{http_connect}|%{http_version}|%{method}|%{num_connects}|%{num_headers}|"
        + "%{num_redirects}|%{proxy_ssl_verify_result}|%{redirect_url}|%{referer}|%{remote_ip}|%{remote_port}|%{response_code}|%{scheme}|%{size_download}|%{size_header}|"
        + "%{size_request}|%{size_upload}|%{ssl_verify_result}|%{url}|%{url_effective}|%{urlnum}|%{header{server}}|%{nosuch}|%%|\\t\\n";

    [Theory]
    [InlineData("URL/echo")]
    [InlineData("-s URL/small")]
    [InlineData("-i URL/small")]
    [InlineData("-I URL/small")]
    [InlineData("-sI URL/nowhere")]
    [InlineData("-D - -o /dev/null URL/small")]
    [InlineData("-D /dev/stderr URL/small")]
    [InlineData("-v URL/small")]
    [InlineData("-v -d x=1 URL/echo")]
    [InlineData("-sv -I URL/small")]
    [InlineData("-L -v URL/moved")]
    [InlineData("-f URL/nowhere")]
    [InlineData("-sS -f URL/nowhere")]
    [InlineData("-s --fail-with-body URL/teapot")]
    [InlineData("-s URL/moved")]
    [InlineData("-sL URL/moved")]
    [InlineData("-sSL URL/loop")]
    [InlineData("-sSL --max-redirs 3 URL/loop")]
    [InlineData("-s -X DELETE URL/echo")]
    [InlineData("-s -d a=1 -d b=2 URL/echo")]
    [InlineData("-s -G -d a=1 --data-urlencode b=x/y URL/echo")]
    [InlineData("-s --json {\"a\":1} URL/echo")]
    [InlineData("-s -H X-One:1 -H Accept: -A me/1 -e http://from/ -b k=v URL/echo")]
    [InlineData("-s -u user:word URL/echo")]
    [InlineData("-s -r 2-5 URL/small")]
    [InlineData("-si -r 2-5 URL/small")]
    [InlineData("-s -r 90000000- URL/small")]
    [InlineData("-s --http1.0 -i URL/small")]
    [InlineData("-s -0 URL/echo")]
    [InlineData("-s --compressed URL/echo")]
    [InlineData("-s URL/echo URL/teapot URL/nowhere")]
    [InlineData("-s URL/{echo,teapot}?[1-2]")]
    [InlineData("-s -o /dev/null URL/{echo,small} -w %{url_effective}:%{http_code}:%{num_connects}\\n")]
    [InlineData("-s --resolve kernel.test:80:ADDRESS http://kernel.test/echo")]
    [InlineData("-s -T /etc/nosuch URL/put/x")]
    [InlineData("-s -m 20 --connect-timeout 5 URL/echo")]
    [InlineData("-s --retry 2 --retry-delay 0 URL/nowhere")]
    [InlineData("-sS http://ADDRESS:81/")]
    [InlineData("-sS --retry 1 --retry-delay 0 --retry-connrefused http://ADDRESS:81/")]
    [InlineData("-sS http://nosuch.invalid/")]
    [InlineData("-sS http://")]
    [InlineData("-sS gopher2://ADDRESS/")]
    [InlineData("-sS http://ADDRESS:99999/")]
    [InlineData("-sS --interface nosuch0 URL/echo")]
    [InlineData("-s --interface eth0 URL/echo")]
    [InlineData("-sS -o /nosuch/file URL/small")]
    [InlineData("-sO URL/")]
    [InlineData("-O URL/")]
    [InlineData("-sSO URL/")]
    [InlineData("-sS URL/{echo")]
    [InlineData("-sS URL/x{b,[c")]
    [InlineData("-sS URL/b}")]
    [InlineData("-sS URL/b]")]
    [InlineData("--nosuch URL/")]
    [InlineData("-sS")]
    [InlineData("-m x URL/")]
    [InlineData("-sw %{http_code} -o /dev/null URL/nowhere")]
    [InlineData("-s --limit-rate 1M URL/small")]
    [InlineData("-sS --max-time 1 URL/{echo")]
    [InlineData("-s --path-as-is URL/a/../echo")]
    [InlineData("-s URL/a/../echo?x=/../y")]
    public async Task Both_say_the_same(string arguments)
    {
        TransferBed bed = await shared.GetAsync();
        await AssertSameAsync(bed, arguments, []);
    }

    [Theory]
    [InlineData("-s -o /dev/null URL/small")]
    [InlineData("-s -I -o /dev/null URL/small")]
    [InlineData("-s -o /dev/null -d abc URL/echo")]
    [InlineData("-s -o /dev/null URL/moved")]
    [InlineData("-sL -o /dev/null URL/moved")]
    [InlineData("-s -f -o /dev/null URL/nowhere")]
    [InlineData("-s -o /dev/null -e http://from/ URL/teapot URL/teapot")]
    [InlineData("-s -o /dev/null -X DELETE URL/echo")]
    [InlineData("-s -o /dev/null http://ADDRESS:81/")]
    [InlineData("-s -o /dev/null http://nosuch.invalid/")]
    public async Task Both_write_out_the_same(string arguments)
    {
        TransferBed bed = await shared.GetAsync();
        await AssertSameAsync(bed, arguments, ["-w", Variables]);
    }

    [Fact]
    public async Task A_server_that_hangs_up_is_asked_once()
    {
        TransferBed bed = await shared.GetAsync();
        using Socket listener = NamespaceSocket.OpenTcp(bed.Kernel.Namespace);
        listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        listener.Listen(8);
        string[] command = ["curl", "-sS", "-m", "20", string.Create(CultureInfo.InvariantCulture, $"http://{bed.Kernel.Address}:{((IPEndPoint)listener.LocalEndPoint!).Port}/")];
        // 52: nothing came; 56: the reset came first. Which of both is a race between the FIN and the request.
        for (int i = 0; i < 10; i++)
        {
            Task<CommandResult> real = bed.Kernel.Namespace.TryExecAsync(command);
            (await listener.AcceptAsync()).Dispose();
            Assert.Contains((await real).ExitCode, (int[])[52, 56]);

            Task<CommandResult> ours = bed.Client.TryExecAsync(command);
            (await listener.AcceptAsync()).Dispose();
            Assert.Contains((await ours).ExitCode, (int[])[52, 56]);
        }
    }

    private static async Task AssertSameAsync(TransferBed bed, string arguments, string[] more)
    {
        await bed.Nginx.AddTextAsync("small", "twenty-one characters");
        string[] command = ["curl", .. arguments.Replace("URL", bed.KernelUrl, StringComparison.Ordinal)
            .Replace("ADDRESS", bed.Kernel.Address, StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries), .. more];

        CommandResult real = await bed.Kernel.Namespace.TryExecAsync(command);
        CommandResult ours = await bed.Client.TryExecAsync(command);

        Assert.Equal(Plain(real), Plain(ours));
    }

    // Without what depends on time: the meter's lines, milliseconds of a failure, the server's clock; and without the addresses in memory of
    // what libcurl found in its pool.
    private static string Plain(CommandResult result)
    {
        string error = Pool().Replace(Meter().Replace(result.Error, ""), "");
        return $"{result.ExitCode}\n{Timeless(result.Output)}\n{Timeless(error)}";
    }

    // %{errormsg} brings a failure's milliseconds to the output as well.
    private static string Timeless(string text) => Date().Replace(Milliseconds().Replace(text, "N ms"), "Date");

    [GeneratedRegex(@"\d+ ms")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")]
    private static partial Regex Date();

    [GeneratedRegex(@"\* (Found bundle for host|Can not multiplex).*\n")]
    private static partial Regex Pool();

    // The heading once, then numbers that a carriage return overwrites.
    [GeneratedRegex(@"  % Total.*\n.*Speed\n|\r[^\n\r]*\n?")]
    private static partial Regex Meter();
}
