using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Tests.Programs;
using TcpListener = System.Net.Sockets.TcpListener;

namespace ActorNet.Interop.Tests.Tools;

/// <summary>
/// Each use of wget once with the real busybox against a real socket and once with ours against an emulated one: servers that send the same
/// bytes must lead to the same output, messages, files and exit code, and must have got the same request.
/// </summary>
public sealed partial class WgetJudgeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string> Answers = new(StringComparer.Ordinal)
    {
        ["/f.txt"] = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n",
        ["/"] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nindex\n",
        ["/q"] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nquery\n",
        ["/a/b?x=1"] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nb\n",
        ["/chunk"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ["/nolen"] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        ["/short"] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
        ["/204"] = "HTTP/1.1 204 No Content\r\n\r\n",
        ["/bad"] = "garbage\r\n\r\n",
        ["/empty"] = "",
        ["/redir"] = "HTTP/1.1 302 Found\r\nServer: x\r\nLocation: /f.txt\r\nContent-Length: 0\r\n\r\n",
        ["/loop"] = "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
        ["/gopher"] = "HTTP/1.1 302 Found\r\nLocation: gopher://x/\r\nContent-Length: 0\r\n\r\n",
        ["/nowhere"] = "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n",
        ["/500"] = "HTTP/1.1 500 Oops here\r\nContent-Length: 3\r\n\r\nerr",
        ["/zero"] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ["/418"] = "HTTP/1.0 418 Teapot\r\n\r\n",
        ["/continue"] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ["/part"] = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-5/6\r\nContent-Length: 2\r\n\r\no\n",
        ["/416"] = "HTTP/1.1 416 Requested Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n",
        ["/large"] = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + new string('x', 300_000),
    };

    public static TheoryData<string> Runs =>
    [
        "U/f.txt", "-O- U/f.txt", "-O - U/f.txt", "-qO- U/f.txt", "-q U/f.txt", "-O out U/f.txt", "U/", "U", "U?q", "U/a/b?x=1", "U/large", "-O- U/large", "-O- U/chunk", "-O- U/nolen", "-O- U/short", "-qO- U/short", "-O- U/204", "-O- U/bad",
        "-O- U/empty", "-O- U/redir", "U/redir", "-O- U/loop", "-O- U/gopher", "-O- U/nowhere", "-O- U/500", "-S -O- U/500", "-qO- U/500", "-O- U/zero", "U/zero", "-O- U/418", "-S -O- U/f.txt", "-S -O- U/redir", "-S -O- U/continue",
        "--spider U/f.txt", "--spider U/500", "--spider -S U/zero", "-q --spider U/f.txt", "-O- U/none", "-U me/1 -qO- U/f.txt", "--user-agent=me -qO- U/f.txt", "--header X-A:1 --header X-B:\u00e4 -qO- U/f.txt", "--header Host:me -qO- U/f.txt",
        "--header User-Agent:me -qO- U/f.txt", "--post-data a=b&c -qO- U/f.txt", "--post-file have -qO- U/f.txt", "--header Content-Type:text/x --post-data a -qO- U/f.txt", "-c -O have U/part", "-c -O have U/416",
        "-c -O have U/f.txt", "-c -O new U/f.txt", "-O have U/f.txt", "-P sub U/f.txt", "-P none U/f.txt", "-O none/x U/f.txt", "-o log -O- U/f.txt", "-o log U/500", "-O- U/f.txt U/zero", "-O- U/500 U/f.txt", "-nv -O- U/f.txt", "-t 3 -qO- U/f.txt",
        "--no-check-certificate -qO- U/f.txt", "-Y off -qO- U/f.txt", "", "-Z U/f.txt", "--foo U/f.txt", "-O", "--header", "--spider=1 U/f.txt", "-O- ftpx://x", "-O- http:///x", "-O- http://127.0.0.1:99999/", "-O- http://127.0.0.1:1/",
        "-qO- http://127.0.0.1:1/", "-O- http://u:p@127.0.0.1:PORT/f.txt",
    ];

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task It_does_what_busyboxs_does(string arguments)
    {
        Need.Tool("busybox");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        ushort port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        string[] words = [.. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => Place().Replace(word, $"http://127.0.0.1:{port}").Replace("PORT", $"{port}", StringComparison.Ordinal))];

        string expected = await RealAsync(listener, words);
        string actual = await OursAsync(port, words);

        Assert.Equal(Still(expected, port), Still(actual, port));
    }

    private static async Task<string> RealAsync(TcpListener listener, string[] words)
    {
        string folder = Directory.CreateTempSubdirectory("wget-judge").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "have"), "hell");
            Directory.CreateDirectory(Path.Combine(folder, "sub"));
            var requests = new List<string>();
            using var stop = new CancellationTokenSource(Patience);
            Task serving = ServeAsync(async () => (await listener.AcceptTcpClientAsync(stop.Token)).GetStream(), requests);
            CommandResult result = await ProcessRunner.RunAsync(["env", "-C", folder, Need.Find("busybox")!, "wget", .. words], Patience);
            await stop.CancelAsync();
            await serving;
            IEnumerable<(string, string)> files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => (Path.GetRelativePath(folder, file), File.ReadAllText(file)));
            return Report(result.ExitCode, result.Output, result.Error, requests, files);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> OursAsync(ushort port, string[] words)
    {
        await using var rig = new ProgramRig();
        (SocketResult listening, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(rig.A, new Ipv4Endpoint(Ipv4Address.Loopback, port));
        Assert.Equal(SocketResult.Ok, listening);
        ProgramTable programs = ProgramTable.CreateDefault();
        FileTree files = ContainerFiles.Create("host", null, programs.Names, TimeProvider.System);
        files.AddDirectory("/data");
        files.AddDirectory("/data/sub");
        files.AddText("/data/have", "hell");
        var output = new MemoryStream();
        var error = new MemoryStream();
        var requests = new List<string>();
        using var stop = new CancellationTokenSource(Patience);
        Task serving = ServeAsync(async () => new TcpStream(await acceptor!.AcceptAsync(stop.Token) ?? throw new OperationCanceledException()), requests);
        var context = new ProgramContext { Output = output, Error = error, Namespace = rig.A, HostName = "host", Files = files, WorkingDirectory = "/data", Cancellation = stop.Token };
        int code = await programs.RunAsync(context, ["wget", .. words]);
        await stop.CancelAsync();
        await serving;
        await acceptor!.DisposeAsync();
        var found = new List<(string, string)>();
        foreach (string name in (string[])["have", "f.txt", "out", "new", "log", "index.html", "b?x=1", "q", "large", "zero", "redir", "sub/f.txt"])
        {
            if (files.TryStat("/data/" + name, out FileStatus status) && !status.IsDirectory)
                found.Add((name, await new StreamReader(files.OpenRead("/data/" + name)).ReadToEndAsync()));
        }

        return Report(code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()), requests, found);
    }

    private static async Task ServeAsync(Func<Task<Stream>> accept, List<string> requests)
    {
        try
        {
            while (true)
            {
                await using Stream stream = await accept();
                requests.Add(await ReadRequestAsync(stream));
                string path = requests[^1].Split(' ')[1];
                await stream.WriteAsync(Encoding.Latin1.GetBytes(Answers.GetValueOrDefault(path, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")));
                await stream.FlushAsync();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The run is over.
        }
    }

    // To the end of the head, and as much of a body as it says.
    private static async Task<string> ReadRequestAsync(Stream stream)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int head = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
            Match length = ContentLength().Match(text.ToString());
            if (head >= 0 && text.Length >= head + 4 + (length.Success ? int.Parse(length.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 0))
                return text.ToString();
            int count = await stream.ReadAsync(buffer);
            if (count == 0)
                return text.ToString();
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }

    // Headers in any order, with a blank behind the colon or without; usage texts differ with what is built in.
    private static string Report(int code, string output, string error, List<string> requests, IEnumerable<(string Name, string Text)> files)
    {
        string asked = string.Join('\n', requests.Select(static request =>
        {
            string[] parts = request.Split("\r\n\r\n", 2);
            string[] lines = parts[0].Split("\r\n");
            return string.Join('\n', [lines[0], .. lines.Skip(1).Select(static line => Colon().Replace(line, "$1: ")).Order(StringComparer.Ordinal), parts[^1]]);
        }));
        string saved = string.Concat(files.OrderBy(static file => file.Name, StringComparer.Ordinal).Select(static file => $"{file.Name}: {file.Text}\n"));
        return $"exit {code}\n{output}\n--- stderr\n{Help().Replace(error, "")}\n--- requests\n{asked}\n--- files\n{saved}";
    }

    private static string Still(string report, ushort port) => report.Replace($"{port}", "PORT", StringComparison.Ordinal);

    [GeneratedRegex("^U(?=$|[/?])")]
    private static partial Regex Place();

    [GeneratedRegex(@"(?i)content-length: (\d+)")]
    private static partial Regex ContentLength();

    [GeneratedRegex(@"^([\w-]+): *")]
    private static partial Regex Colon();

    [GeneratedRegex(@"BusyBox v1[^\0]*")]
    private static partial Regex Help();
}
