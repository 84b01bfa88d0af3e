using ActorNet.Sockets;
using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>netexec's /shell (netexec.go shellHandler): runs a command in the container's shell and answers with what it printed.</summary>
internal static class NetexecShell
{
    // A command that prints more is ended as by SIGPIPE.
    private const int MaxOutput = 1 << 20;

    public static async Task AnswerAsync(NetexecServer server, NetexecRequest request)
    {
        AgnhostRun run = server.Run;
        string command = request.Value("shellCommand") is { Length: > 0 } given ? given : request.Value("cmd");
        await run.LogAsync($"GET /shell?cmd={command}").ConfigureAwait(false);
        var output = new CollectedOutput(MaxOutput);
        ProgramContext context = run.Context;
        ProgramContext child = context.ForChild(Stream.Null, output, output, context.Environment, context.WorkingDirectory, null, server.Ended);
        int code = await run.Programs.RunAsync(child, ["sh", "-c", command]).ConfigureAwait(false);
        string text = output.Text;
        var answer = new Dictionary<string, string>(StringComparer.Ordinal);
        if (text.Length > 0)
            answer["output"] = GoText.Json(text);
        if (code != 0)
            answer["error"] = GoText.Json($"exit status {code}");
        // A map as %s prints it.
        string shown = $"{(code != 0 ? $"error:exit status {code}" : "")}{(code != 0 && text.Length > 0 ? " " : "")}{(text.Length > 0 ? "output:" + text : "")}";
        await run.LogAsync($"Output: map[{shown}]").ConfigureAwait(false);
        await HttpReply.TextAsync(request.Http, GoText.JsonObject(answer)).ConfigureAwait(false);
    }

    /// <summary>Standard output and standard error of a command together, with a bound.</summary>
    private sealed class CollectedOutput(int most) : AsyncStream
    {
        private readonly MemoryStream _bytes = new();

        public override bool CanWrite => true;

        public string Text
        {
            get
            {
                lock (_bytes)
                    return System.Text.Encoding.UTF8.GetString(_bytes.GetBuffer(), 0, (int)_bytes.Length);
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_bytes)
            {
                int room = most - (int)_bytes.Length;
                _bytes.Write(buffer.Span[..Math.Min(room, buffer.Length)]);
                return buffer.Length > room ? ValueTask.FromException(new BrokenPipeException()) : ValueTask.CompletedTask;
            }
        }
    }
}
