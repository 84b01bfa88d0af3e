using System.Net;
using System.Text;
using System.Text.Json;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tests.Programs;

/// <summary>
/// netexec's HTTP interface over emulated segments. Texts and status codes are those of kubernetes test/images/agnhost/netexec/netexec.go and
/// of Go's net/http and encoding/json.
/// </summary>
public class NetexecTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("hostname", 200, "web-0")]
    [InlineData("hostName", 200, "web-0")]
    [InlineData("echo?msg=Hello+World%21", 200, "Hello World!")]
    [InlineData("echo?msg=gone&code=410", 410, "gone")]
    [InlineData("echo?msg=unseen&code=204", 204, "")]
    [InlineData("echo?msg=x&code=y", 200, "argument 'code' must be an integer or empty, got \"y\"\n")]
    [InlineData("healthz", 200, "")]
    [InlineData("readyz", 200, "ok")]
    [InlineData("header?key=x-colour", 200, "red")]
    [InlineData("header", 200, "{\"X-Colour\":[\"red\"]}")]
    [InlineData("shell?cmd=echo+out;echo+err+%3E%262", 200, "{\"output\":\"out\\nerr\\n\"}")]
    [InlineData("shell?shellCommand=hostname%20%26%26%20exit%203", 200, "{\"error\":\"exit status 3\",\"output\":\"web-0\\n\"}")]
    [InlineData("shell?cmd=echo+%27%3C%26%22%27", 200, "{\"output\":\"\\u003c\\u0026\\\"\\n\"}")]
    [InlineData("exit?wait=5x", 200, "argument 'wait' must be a valid golang duration or empty, got \"5x\"\n")]
    [InlineData("exit?timeout=1", 200, "argument 'timeout' must be a valid golang duration or empty, got \"1\"\n")]
    [InlineData("exit?code=x", 200, "argument 'code' must be an integer [0-127] or empty, got \"x\"\n")]
    [InlineData("redirect?location=/echo%3Fmsg=a&code=307", 307, "<a href=\"/echo?msg=a\">Temporary Redirect</a>.\n\n")]
    [InlineData("upload", 200, "{\"error\":\"Unable to upload file.\"}")]
    [InlineData("dial?host=10.0.0.1&port=80", 400, "request parameter not specified. <nil>\n")]
    [InlineData("dial?host=10.0.0.1&port=80&request=hostname&protocol=quic", 400, "unsupported protocol. quic\n")]
    [InlineData("dial?host=10.0.0.1&port=99999&request=hostname", 400, "host and/or port param are invalid. address 99999: invalid port\n")]
    [InlineData("dial?host=10.0.0.1&port=80&request=hostname&tries=x", 400, "tries parameter is invalid. strconv.Atoi: parsing \"x\": invalid syntax\n")]
    [InlineData("dial?host=10.0.0.2&port=8080&request=echo%3Fmsg%3Dhi&tries=3", 200, "{\"responses\":[\"hi\",\"hi\",\"hi\"]}")]
    [InlineData("dial?host=10.0.0.2&port=8081&request=echo+Hi&protocol=udp", 200, "{\"responses\":[\"hi\"]}")]
    [InlineData("dial?host=10.0.0.1&port=81&request=hostname", 200, "{\"errors\":[\"Get \\\"http://10.0.0.1:81/hostname\\\": dial tcp 10.0.0.1:81: connect: connection refused\"]}")]
    public async Task Answers_as_upstream(string path, int status, string body)
    {
        await using Serving server = await Serving.StartAsync("");
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("x-colour", "red");
        using HttpResponseMessage response = await server.Client.SendAsync(request).WaitAsync(Patience);
        Assert.Equal((status, body), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task The_root_says_the_time_and_every_unknown_path_too()
    {
        await using Serving server = await Serving.StartAsync("");
        foreach (string path in (string[])["", "nowhere/else"])
            Assert.Matches(@"^NOW: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC m=\+\d+\.\d{9}$", await server.Client.GetStringAsync(new Uri(path, UriKind.Relative)).WaitAsync(Patience));
    }

    [Fact]
    public async Task The_clients_address_has_its_port()
    {
        await using Serving server = await Serving.StartAsync("");
        Assert.Matches(@"^10\.0\.0\.1:\d+$", await server.Client.GetStringAsync(new Uri("clientip", UriKind.Relative)).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_posted_form_comes_before_the_query()
    {
        await using Serving server = await Serving.StartAsync("");
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("msg", "form")]);
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("echo?msg=query", UriKind.Relative), form).WaitAsync(Patience);
        Assert.Equal("form", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_upload_lands_in_the_containers_files()
    {
        await using Serving server = await Serving.StartAsync("");
        byte[] content = [.. Enumerable.Range(0, 200_000).Select(static i => (byte)(i * 7))];
        using var form = new MultipartFormDataContent { { new StringContent("x"), "other" }, { new ByteArrayContent(content), "file", "a.bin" } };
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("upload", UriKind.Relative), form).WaitAsync(Patience);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        string path = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("output").GetString()!;
        Assert.StartsWith("/uploads/upload", path, StringComparison.Ordinal);
        await using Stream stored = server.Files.OpenRead(path);
        var read = new MemoryStream();
        await stored.CopyToAsync(read);
        Assert.Equal(content, read.ToArray());
        Assert.Equal(0x1C0, server.Files.Stat(path).Mode);
    }

    [Fact]
    public async Task The_shell_sees_what_was_uploaded_and_what_it_wrote()
    {
        await using Serving server = await Serving.StartAsync("");
        await server.Client.GetStringAsync(new Uri("shell?cmd=echo+kept+%3E/tmp/x", UriKind.Relative)).WaitAsync(Patience);
        Assert.Equal("{\"output\":\"kept\\n\"}", await server.Client.GetStringAsync(new Uri("shell?cmd=cat+/tmp/x", UriKind.Relative)).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_shell_command_that_prints_without_end_is_ended()
    {
        await using Serving server = await Serving.StartAsync("");
        string answer = await server.Client.GetStringAsync(new Uri("shell?cmd=cat+/dev/zero", UriKind.Relative)).WaitAsync(Patience);
        JsonElement json = JsonDocument.Parse(answer).RootElement;
        Assert.Equal("exit status 141", json.GetProperty("error").GetString());
        Assert.Equal(1 << 20, json.GetProperty("output").GetString()!.Length);
    }

    [Fact]
    public async Task With_an_override_every_path_is_answered_alike()
    {
        await using Serving server = await Serving.StartAsync("--http-override=/echo?msg=always&code=404");
        foreach (string path in (string[])["", "hostname", "echo?msg=own"])
        {
            using HttpResponseMessage response = await server.Client.GetAsync(new Uri(path, UriKind.Relative)).WaitAsync(Patience);
            Assert.Equal((404, "always"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        }
    }

    [Theory]
    // os.Exit in the handler: no answer. Only the low eight bits of a code reach whoever waits for a process (exit(3)).
    [InlineData("exit?code=7", 7)]
    [InlineData("exit?code=258&wait=20ms", 2)]
    [InlineData("shutdown", 0)]
    public async Task Exit_ends_it_without_an_answer(string path, int code)
    {
        await using Serving server = await Serving.StartAsync("");
        await using TcpStream connection = await TcpConnector.OpenStreamAsync(server.Rig.A, new Ipv4Endpoint(Ipv4Address.Parse("10.0.0.2"), 8080)).WaitAsync(Patience);
        await connection.WriteAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: web\r\n\r\n"));
        // A FIN and no byte before it.
        Assert.Equal(0, await connection.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        Assert.Equal(code, (await server.Run.WaitAsync(Patience)).Code);
    }

    [Fact]
    public async Task A_graceful_exit_answers_and_waits_for_requests_under_way()
    {
        await using Serving server = await Serving.StartAsync("");
        using HttpClient other = ProgramRig.Client(server.Rig.A);
        Task<string> slow = other.GetStringAsync(new Uri("shell?cmd=sleep+0.5;echo+done", UriKind.Relative));
        while (!server.Log.ToString().Contains("GET /shell", StringComparison.Ordinal))
            await Task.Yield();
        Assert.Equal("", await server.Client.GetStringAsync(new Uri("exit?code=3&timeout=50s", UriKind.Relative)).WaitAsync(Patience));
        Assert.Equal("{\"output\":\"done\\n\"}", await slow.WaitAsync(Patience));
        Assert.Equal(3, (await server.Run.WaitAsync(Patience)).Code);
        Assert.Contains("Graceful shutdown completed with: <nil>\n", server.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delayed_shutdown_still_answers_and_says_that_it_is_not_ready()
    {
        await using Serving server = await Serving.StartAsync("--delay-shutdown=100000");
        await server.Stop.CancelAsync();
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri("readyz", UriKind.Relative)).WaitAsync(Patience);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "shutting down"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync(new Uri("exit?code=4", UriKind.Relative))).WaitAsync(Patience);
        Assert.Equal(4, (await server.Run.WaitAsync(Patience)).Code);
    }

    [Fact]
    public async Task A_delayed_shutdown_ends_by_itself()
    {
        await using Serving server = await Serving.StartAsync("--delay-shutdown=1");
        await server.Stop.CancelAsync();
        Assert.Equal(0, (await server.Run.WaitAsync(Patience)).Code);
        Assert.Contains("Sleeping 1 seconds before terminating...\n", server.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_said_in_gos_words()
    {
        await using Serving server = await Serving.StartAsync("");
        (int code, _, string error) = await ProgramRig.RunAsync(server.Rig.B, "agnhost netexec --udp-port=-1").WaitAsync(Patience);
        Assert.EndsWith(" listen tcp :8080: bind: address already in use\n", error, StringComparison.Ordinal);
        Assert.Equal(1, code);
    }

    /// <summary>A netexec on host B and a client on host A.</summary>
    private sealed class Serving : IAsyncDisposable
    {
        public ProgramRig Rig { get; } = new();

        public FileTree Files { get; } = ContainerFiles.Create("web-0", null, ["sh", "cat", "echo", "sleep", "hostname"], TimeProvider.System);

        public CancellationTokenSource Stop { get; } = new();

        public SharedText Log { get; } = new();

        public required HttpClient Client { get; set; }

        public required Task<(int Code, string Out, string Error)> Run { get; set; }

        public static async Task<Serving> StartAsync(string flags)
        {
            var serving = new Serving { Client = null!, Run = null! };
            serving.Client = ProgramRig.Client(serving.Rig.A);
            serving.Run = ProgramRig.RunAsync(serving.Rig.B, $"agnhost netexec {flags}", files: serving.Files, error: serving.Log, cancellation: serving.Stop.Token);
            await ProgramRig.ListeningAsync(serving.Rig.B, 8080);
            return serving;
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await Stop.CancelAsync();
            await Run.WaitAsync(Patience);
            await Rig.DisposeAsync();
            Stop.Dispose();
        }
    }
}
