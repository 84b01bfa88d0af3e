using System.Globalization;

namespace ActorNet.TcpScripts;

/// <summary>Makes a script's socket calls and compares what they come to.</summary>
internal sealed class CallRunner(ITcpStackUnderTest stack, Func<string, Connection> connectionNamed)
{
    private readonly Dictionary<string, OpenSocket> _sockets = new(StringComparer.Ordinal);

    /// <summary>Makes a call.</summary>
    /// <param name="source">The script's line.</param>
    /// <param name="call">The call.</param>
    /// <param name="answer">What it came to, for the transcript.</param>
    /// <returns>What differs, or null.</returns>
    public string? Perform(SourceLine source, CallPattern call, out string answer)
    {
        OpenSocket socket = call.Socket.Length == 0 ? new OpenSocket(-1)
            : _sockets.GetValueOrDefault(call.Socket) ?? throw source.Bad($"no socket is named '{call.Socket}' by now");
        if (call.Verb == "state")
        {
            answer = stack.State(socket.Handle) ?? "unknown";
            return answer == call.Expected ? null : $"the socket is in {answer}, expected {call.Expected}";
        }

        SocketAnswer came = Make(source, call, socket, out string? wrongData);
        answer = came.ToString();
        if (came.Errno is null && call.Verb is "socket" or "accept" && call.Result.Length > 0)
            _sockets[call.Result] = new OpenSocket(came.Value);
        return wrongData ?? Difference(source, call, came);
    }

    private SocketAnswer Make(SourceLine source, CallPattern call, OpenSocket socket, out string? wrongData)
    {
        wrongData = null;
        switch (call.Verb)
        {
            case "socket":
                return stack.Open();
            case "bind":
                return stack.Bind(socket.Handle, (ushort)Number(source, call.Arguments[0], ushort.MaxValue));
            case "listen":
                return stack.Listen(socket.Handle, Number(source, call.Arguments[0], 65535));
            case "accept":
                return stack.Accept(socket.Handle);
            case "connect":
                return Connect(call, socket);
            case "write":
                return Write(socket, Number(source, call.Arguments[0], 10_000_000));
            case "read":
                return Read(socket, Number(source, call.Arguments[0], 10_000_000), out wrongData);
            case "shutdown":
                return stack.Shutdown(socket.Handle, Way(source, call.Arguments[0]));
            case "close":
                _sockets.Remove(call.Socket);
                return stack.Close(socket.Handle);
            case "set":
                return stack.SetOption(socket.Handle, call.Arguments[0], Number(source, call.Arguments[1], int.MaxValue));
            case "error":
                return stack.TakeError(socket.Handle);
            default:
                return stack.Info(socket.Handle, call.Arguments[0]);
        }
    }

    private SocketAnswer Connect(CallPattern call, OpenSocket socket)
    {
        Connection connection = connectionNamed(call.Arguments[0]);
        if (!connection.HasStackIsn)
            connection.IsLocalPortKnown = false;
        return stack.Connect(socket.Handle, connection.PeerPort);
    }

    private SocketAnswer Write(OpenSocket socket, int length)
    {
        byte[] data = new byte[length];
        StreamPattern.Fill(socket.Written, data);
        SocketAnswer answer = stack.Write(socket.Handle, data);
        socket.Written += Math.Max(0, answer.Value);
        return answer;
    }

    private SocketAnswer Read(OpenSocket socket, int length, out string? wrongData)
    {
        byte[] data = new byte[length];
        SocketAnswer answer = stack.Read(socket.Handle, data);
        int wrong = StreamPattern.FirstDifference(socket.Taken, data.AsSpan(0, Math.Max(0, answer.Value)));
        wrongData = wrong < 0 ? null : $"byte {socket.Taken + wrong} of the stream is not the one that was sent there";
        socket.Taken += Math.Max(0, answer.Value);
        return answer;
    }

    private static string? Difference(SourceLine source, CallPattern call, SocketAnswer came)
    {
        string expected = call.Expected ?? (call.Verb is "write" or "read" ? call.Arguments[0] : "ok");
        if (char.IsAsciiLetterUpper(expected[0]))
            return came.Errno == expected ? null : $"the call came to {came}, expected {expected}";
        if (came.Errno is not null)
            return expected == "*" ? null : $"the call came to {came}, expected {(expected == "ok" ? "success" : expected)}";
        if (expected == "ok")
            return null;
        NumberPattern number = NumberPattern.Parse(expected) ?? throw source.Bad($"'{expected}' is no result: a number, 1..5, *, ok or an errno");
        return number.Matches(came.Value, new Dictionary<string, long>()) ? null : $"the call came to {came}, expected {expected}";
    }

    private static int Number(SourceLine source, string text, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most
            ? number
            : throw source.Bad($"'{text}' is no number from 0 to {most}");

    private static ShutdownWay Way(SourceLine source, string text) => text switch
    {
        "read" => ShutdownWay.Read,
        "write" => ShutdownWay.Write,
        "both" => ShutdownWay.Both,
        _ => throw source.Bad($"'{text}' is none of read, write, both"),
    };

    private sealed class OpenSocket(int handle)
    {
        public int Handle { get; } = handle;

        public long Written { get; set; }

        public long Taken { get; set; }
    }
}
