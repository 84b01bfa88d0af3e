using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Tests.Programs;

namespace ActorNet.Workloads.Tests.Nginx;

/// <summary>nginx over emulated segments: what its image serves, downloads of a hundred megabytes, its end. Answers are judged by the real one elsewhere.</summary>
public class NginxProgramTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    [Theory]
    [InlineData("nginx")]
    [InlineData("nginx:1.27-alpine")]
    [InlineData("docker.io/library/nginx")]
    [InlineData("registry.example:5000/team/nginx:v1@sha256:0123")]
    public void Its_image_runs_it_and_has_its_pages(string image)
    {
        ImageWorkload workload = ImageTable.Find(image);
        Assert.Equal(["nginx", "-g", "daemon off;"], workload.Compose(null, null));
        // The entrypoint of the image runs its arguments.
        Assert.Equal(["sh", "-c", "true"], workload.Compose(null, ["sh", "-c", "true"]));
        var files = new FileTree(TimeProvider.System);
        workload.AddFiles!(files);
        Assert.Equal(["50x.html", "index.html"], files.List("/usr/share/nginx/html"));
    }

    [Fact]
    public async Task The_first_page_is_the_images_and_a_changed_file_is_served()
    {
        await using Serving server = await Serving.StartAsync();
        Assert.Contains("<title>Welcome to nginx!</title>", await server.Client.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);
        server.Files.AddText("/usr/share/nginx/html/index.html", "mine\n");
        Assert.Equal("mine\n", await server.Client.GetStringAsync(new Uri("/", UriKind.Relative)).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_hundred_megabytes_arrive_as_the_formula_says()
    {
        await using Serving server = await Serving.StartAsync();
        await using Stream stream = await server.Client.GetStreamAsync(new Uri("/generated/100M", UriKind.Relative)).WaitAsync(Patience);
        byte[] hash = await SHA256.HashDataAsync(stream).AsTask().WaitAsync(Patience);
        // seq -f %015.0f 0 16 $(((100 << 20) - 1)) | head -c $((100 << 20)) | sha256sum
        Assert.Equal("02b8e5ab19411b9519357b4a05135f868f297e38b5216cbd580947609f9e6743", Convert.ToHexStringLower(hash));
        Assert.EndsWith(" \"GET /generated/100M HTTP/1.1\" 200 104857600 \"-\" \"-\"\n", await server.LoggedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Part_of_a_download_far_behind_its_beginning()
    {
        await using Serving server = await Serving.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/generated/1000G") { Headers = { Range = new RangeHeaderValue(160_000_000_001, 160_000_000_031) } };
        using HttpResponseMessage response = await server.Client.SendAsync(request).WaitAsync(Patience);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal("bytes 160000000001-160000000031/1073741824000", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal("00160000000000\n000160000000016\n", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/generated/ten", 404)]
    [InlineData("/generated/10T", 404)]
    [InlineData("/generated/", 404)]
    [InlineData("/generated/10", 200)]
    public async Task What_is_no_length_is_not_found(string path, int status)
    {
        await using Serving server = await Serving.StartAsync();
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri(path, UriKind.Relative)).WaitAsync(Patience);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_is_logged_with_what_it_got()
    {
        await using Serving server = await Serving.StartAsync();
        using (HttpResponseMessage response = await server.Client.GetAsync(new Uri("/generated/100G", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience))
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync();
            await stream.ReadExactlyAsync(new byte[100_000]).AsTask().WaitAsync(Patience);
        }

        string line = await server.LoggedAsync();
        long sent = long.Parse(line.Split(' ')[9], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(sent, 100_000, 100L << 20);
    }

    [Fact]
    public async Task Stopped_it_answers_the_request_under_way_and_ends()
    {
        await using Serving server = await Serving.StartAsync();
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri("/generated/10M", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        await server.Stop.CancelAsync();
        // It hears of the signal by and by; a client that comes before that is served.
        await ProgramRig.ClosedAsync(server.Rig.B, 80);
        using HttpClient late = ProgramRig.Client(server.Rig.A);
        await Assert.ThrowsAsync<HttpRequestException>(() => late.GetAsync(new Uri("http://10.0.0.2/"))).WaitAsync(Patience);
        Assert.False(server.Run.IsCompleted);
        Assert.Equal(10 << 20, (await response.Content.ReadAsByteArrayAsync().WaitAsync(Patience)).Length);
        Assert.Equal(0, await server.Run.WaitAsync(Patience));
        Assert.Contains("[notice] 1#1: signal 3 (SIGQUIT) received, shutting down\n", server.Errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nginx", "nginx: [emerg] it runs in the foreground with its own configuration only: start it as nginx -g \"daemon off;\"\n")]
    [InlineData("nginx -c /etc/x", "nginx: invalid option: \"-c\"; built in are -g \"daemon off;\" and -v\n")]
    [InlineData("nginx -g", "nginx: option \"-g\" requires global directives\n")]
    public async Task What_is_not_built_in_is_refused(string command, string error)
    {
        await using var rig = new ProgramRig();
        (int code, _, string said) = await ProgramRig.RunAsync(rig.B, command).WaitAsync(Patience);
        Assert.Equal((1, error), (code, said));
    }

    [Fact]
    public async Task A_taken_port_is_said_in_nginxs_words()
    {
        await using Serving server = await Serving.StartAsync();
        var error = new StringWriter();
        int code = await ProgramTable.CreateDefault().RunAsync(
            new ProgramContext { Stderr = error, Namespace = server.Rig.B, Http = server.Rig.Http, HostName = "web-1" }, ["nginx", "-g", "daemon off;"]).WaitAsync(Patience);
        Assert.Equal((1, "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n"), (code, error.ToString()));
    }

    /// <summary>nginx on host B and a client on host A.</summary>
    private sealed class Serving : IAsyncDisposable
    {
        private Task<int> _run = Task.FromResult(0);

        public ProgramRig Rig { get; } = new();

        public FileTree Files { get; } = ContainerFiles.Create("web-0", null, [], TimeProvider.System);

        public CancellationTokenSource Stop { get; } = new();

        public SharedText Log { get; } = new();

        public SharedText Errors { get; } = new();

        public HttpClient Client { get; private set; } = new();

        public Task<int> Run => _run;

        public static async Task<Serving> StartAsync()
        {
            var serving = new Serving();
            ImageTable.Find("nginx").AddFiles!(serving.Files);
            serving.Client.Dispose();
            serving.Client = ProgramRig.Client(serving.Rig.A);
            serving.Client.BaseAddress = new Uri("http://10.0.0.2/");
            serving._run = ProgramTable.CreateDefault().RunAsync(
                new ProgramContext
                {
                    Stdout = serving.Log,
                    Stderr = serving.Errors,
                    Namespace = serving.Rig.B,
                    Http = serving.Rig.Http,
                    HostName = "web-0",
                    Files = serving.Files,
                    Cancellation = serving.Stop.Token,
                },
                ["nginx", "-g", "daemon off;"]);
            await ProgramRig.ListeningAsync(serving.Rig.B, 80);
            return serving;
        }

        /// <summary>The access log, once it has a line.</summary>
        public async Task<string> LoggedAsync()
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!Log.ToString().EndsWith('\n'))
            {
                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            return Log.ToString();
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
