using System.Diagnostics;
using System.Globalization;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>
/// Debian's nginx in a kernel namespace, in the foreground, with a configuration, files and a log of its own: nothing of an installed
/// service is used.
/// </summary>
public sealed class KernelNginx : IAsyncDisposable
{
    /// <summary>The port that it listens on.</summary>
    public const int Port = 80;

    private readonly Process _process;
    private readonly string _folder;

    private KernelNginx(Process process, string folder)
    {
        _process = process;
        _folder = folder;
    }

    /// <summary>Where what it serves lies; what a client puts under /put/ arrives here too.</summary>
    public string Files => Path.Combine(_folder, "files");

    /// <summary>Starts it and returns when it listens.</summary>
    /// <param name="ns">The namespace to serve in.</param>
    public static async Task<KernelNginx> StartAsync(NetworkNamespace ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        Need.Tool("nginx", "ss");
        string folder = Directory.CreateTempSubdirectory($"{ns.Name}-nginx-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "files", "put"));
        string configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Configuration(folder));
        var nginx = new KernelNginx(ns.Start(["nginx", "-p", folder, "-c", configuration, "-e", Path.Combine(folder, "error.log")]), folder);
        try
        {
            await Eventually.HoldsAsync($"nginx listens in {ns.Name}; {await nginx.LogAsync()}", async () => nginx._process.HasExited
                || (await ns.ExecAsync("ss", "-Hltn")).Output.Contains(string.Create(CultureInfo.InvariantCulture, $":{Port} "), StringComparison.Ordinal));
            Assert.False(nginx._process.HasExited, $"nginx ended: {await nginx.LogAsync()}");
            return nginx;
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a file that it serves.</summary>
    /// <param name="name">The file's name: its path on the server.</param>
    /// <param name="bytes">How many pseudo-random bytes.</param>
    public async Task AddFileAsync(string name, int bytes)
    {
        byte[] content = new byte[bytes];
        new Random(bytes).NextBytes(content);
        await File.WriteAllBytesAsync(Path.Combine(Files, name), content);
    }

    /// <summary>Makes a file of text that it serves, with the same time of change in every run.</summary>
    /// <param name="name">The file's path on the server.</param>
    /// <param name="text">What is in it.</param>
    public async Task AddTextAsync(string name, string text)
    {
        string path = Path.Combine(Files, name);
        await File.WriteAllTextAsync(path, text);
        File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
    }

    /// <summary>The SHA-256 of one of its files as sha256sum of the machine prints it.</summary>
    /// <param name="name">The file's path on the server.</param>
    public async Task<string> HashAsync(string name) =>
        (await ProcessRunner.RunAsync(["sha256sum", Path.Combine(Files, name)])).EnsureSuccess().Output.Split(' ')[0];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // SIGTERM to the master ends its worker too.
            await ProcessRunner.RunAsync(["kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<string> LogAsync()
    {
        string log = Path.Combine(_folder, "error.log");
        return File.Exists(log) ? await File.ReadAllTextAsync(log) : "it has said nothing";
    }

    // user root: the worker must read the folder, which is this user's alone.
    private static string Configuration(string folder) => $$"""
        daemon off;
        user root;
        worker_processes 1;
        worker_rlimit_nofile 8192;
        pid {{folder}}/nginx.pid;
        events { worker_connections 4096; }
        http {
            default_type application/octet-stream;
            access_log off;
            sendfile on;
            keepalive_timeout 60s;
            keepalive_requests 1000000;
            client_max_body_size 0;
            client_body_temp_path {{folder}}/body;
            proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi;
            uwsgi_temp_path {{folder}}/uwsgi;
            scgi_temp_path {{folder}}/scgi;
            server {
                listen {{Port}} backlog=4096;
                server_name kernel;
                root {{folder}}/files;
                location /put/ { dav_methods PUT DELETE; }
                location /moved { return 302 /small; }
                location /loop { return 302 /loop; }
                location /teapot { return 418 "short and stout\n"; }
                location /echo { default_type text/plain; return 200 "$request_method $request_uri\n$http_user_agent|$http_accept|$http_x_one|$http_range|$http_authorization|$http_cookie|$http_referer|$content_type|$content_length\n"; }
            }
        }
        """;
}
