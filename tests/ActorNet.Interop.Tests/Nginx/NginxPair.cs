using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Sockets.Kestrel;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Interop.Tests.Nginx;

/// <summary>The real nginx of this machine and ours, with the same files: what one connection gets from each can be compared.</summary>
public sealed partial class NginxPair : IAsyncLifetime
{
    private const string OurRoot = "/usr/share/nginx/html";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("nginx-judge").FullName;

    // An address of lo that nobody else has: redirects name the port where it is not 80.
    private readonly string _address = $"127.93.{Environment.ProcessId >> 8 & 0xFF}.{Environment.ProcessId & 0xFF}";
    private readonly LocalNamespace _namespace = new();
    private readonly PodHttpServer _http = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private Process? _nginx;
    private Task<int> _ours = Task.FromResult(0);

    /// <summary>Endings that the real one knows.</summary>
    public static IReadOnlyList<string> Endings { get; } = Need.Find("nginx") is null ? [] :
        [.. MediaType().Matches(File.ReadAllText("/etc/nginx/mime.types")).SelectMany(static m => m.Groups[1].Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))];

    private string Root => Path.Combine(_folder, "html");

    public async ValueTask InitializeAsync()
    {
        if (Need.Find("nginx") is null || !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return;
        FileTree files = ContainerFiles.Create("web-0", null, [], TimeProvider.System);
        WebFiles.Write(Root, files, OurRoot, Endings);
        // Its workers run as another user.
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1ED);
        await StartRealAsync();
        var context = new ProgramContext
        {
            Stdout = TextWriter.Synchronized(_output),
            Stderr = TextWriter.Synchronized(_error),
            Namespace = _namespace,
            Http = _http,
            HostName = "web-0",
            Files = files,
            Cancellation = _stop.Token,
        };
        _ours = ProgramTable.CreateDefault().RunAsync(context, ["nginx", "-g", "daemon off;"]);
        while (!await _namespace.RunAsync(static sockets => sockets.TcpListeners.Any()))
            await Task.Yield();
    }

    public async ValueTask DisposeAsync()
    {
        if (_nginx is not null)
        {
            ProcessRunner.Kill(_nginx);
            _nginx.Dispose();
        }

        await _stop.CancelAsync();
        await _ours;
        await _http.DisposeAsync();
        _namespace.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Sends bytes on a connection to the real one and returns what came until it was closed, made comparable.</summary>
    public async Task<string> AskRealAsync(string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Parse(_address), 80);
        int logged = AccessLines();
        string answers;
        await using (var stream = new NetworkStream(socket, ownsSocket: true))
            answers = await TalkAsync(stream, request);
        await LoggedAsync(logged + Head().Count(answers));
        return Comparable(answers);
    }

    /// <summary>The same with ours.</summary>
    public async Task<string> AskOursAsync(string request)
    {
        await using TcpStream stream = await TcpConnector.OpenStreamAsync(_namespace, new Ipv4Endpoint(Ipv4Address.Loopback, 80));
        return Comparable(await TalkAsync(stream, request));
    }

    /// <summary>The last lines of the real one's access and error logs, made comparable.</summary>
    public async Task<string> RealLogsAsync(int access, int errors) => Logs(
        await File.ReadAllTextAsync(Path.Combine(_folder, "access.log")), await File.ReadAllTextAsync(Path.Combine(_folder, "error.log")), access, errors);

    /// <summary>The same of ours.</summary>
    public string OurLogs(int access, int errors) => Logs(_output.ToString(), _error.ToString(), access, errors);

    private async Task StartRealAsync()
    {
        string config = Path.Combine(_folder, "nginx.conf");
        await File.WriteAllTextAsync(config, $$"""
            pid {{_folder}}/nginx.pid;
            error_log {{_folder}}/error.log error;
            events { }
            http {
                include /etc/nginx/mime.types;
                default_type application/octet-stream;
                access_log {{_folder}}/access.log combined;
                client_body_temp_path {{_folder}}/body;
                server {
                    listen {{_address}}:80;
                    server_name localhost;
                    location / { root {{Root}}; index index.html index.htm; }
                    error_page 500 502 503 504 /50x.html;
                }
            }
            """);
        _nginx = ProcessRunner.Start(["nginx", "-c", config, "-p", _folder, "-g", "daemon off;"]);
        await Eventually.HoldsAsync("nginx listens", async () =>
            !_nginx.HasExited && (await ProcessRunner.RunAsync(["ss", "-Hltn", "src", _address])).Output.Length > 0);
    }

    private int AccessLines() => File.ReadLines(Path.Combine(_folder, "access.log")).Count();

    // A request whose headers it did not read is logged only when the connection is gone on both sides (lingering_close), after its answer.
    private async Task LoggedAsync(int lines)
    {
        long start = Stopwatch.GetTimestamp();
        while (AccessLines() < lines)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"the real nginx logged {AccessLines()} requests of {lines}");
            await Task.Delay(5);
        }
    }

    private static async Task<string> TalkAsync(Stream stream, string request)
    {
        using var patience = new CancellationTokenSource(Patience);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), patience.Token);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(patience.Token);
    }

    // The order of headers says nothing, the date and the version differ, a boundary is chance. Pages have the version in them, so their
    // length has too.
    private static string Comparable(string answers) => Head().Replace(
        Boundary().Replace(Version().Replace(Loopback().Replace(answers, "ADDRESS"), "nginx/V"), "BOUNDARY"),
        static head =>
        {
            string[] lines = head.Value.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            bool hasPage = lines[0].Split(' ')[1] is "301" or ['4', ..];
            IEnumerable<string> headers = lines.Skip(1).Where(l =>
                !l.StartsWith("Date:", StringComparison.Ordinal) && !(hasPage && l.StartsWith("Content-Length:", StringComparison.Ordinal)));
            return string.Join('\n', headers.Order(StringComparer.OrdinalIgnoreCase).Prepend(lines[0])) + "\n\n";
        });

    private string Logs(string access, string errors, int accessLines, int errorLines)
    {
        string text = string.Join('\n', access.TrimEnd('\n').Split('\n').TakeLast(accessLines)) + "\n--\n" + string.Join('\n', errors.TrimEnd('\n').Split('\n').TakeLast(errorLines));
        text = text.Replace(Root, OurRoot, StringComparison.Ordinal);
        text = AccessTime().Replace(text, "[TIME]");
        text = ErrorTime().Replace(text, "TIME [error] PID *N");
        return Loopback().Replace(text, "ADDRESS");
    }

    [GeneratedRegex(@"HTTP/1\.[01] \d{3} .*?\r\n\r\n", RegexOptions.Singleline)]
    private static partial Regex Head();

    [GeneratedRegex(@"nginx/\d+\.\d+\.\d+")]
    private static partial Regex Version();

    [GeneratedRegex(@"\b\d{20}\b")]
    private static partial Regex Boundary();

    [GeneratedRegex(@"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]")]
    private static partial Regex AccessTime();

    [GeneratedRegex(@"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+")]
    private static partial Regex ErrorTime();

    [GeneratedRegex(@"\b127\.\d+\.\d+\.\d+\b")]
    private static partial Regex Loopback();

    [GeneratedRegex(@"^\s+\w+/\S+\s+([^;{]+);", RegexOptions.Multiline)]
    private static partial Regex MediaType();
}
