using ActorNet.Kubernetes.Errors;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Which streams of a command a client wants (kubelet pkg/cri/streaming/remotecommand NewOptions).</summary>
/// <param name="HasStdin">It sends standard input.</param>
/// <param name="HasStdout">It takes standard output.</param>
/// <param name="HasStderr">It takes standard error; never with a terminal.</param>
/// <param name="HasTerminal">The command runs on a terminal.</param>
internal sealed record CommandOptions(bool HasStdin, bool HasStdout, bool HasStderr, bool HasTerminal)
{
    /// <summary>Streams of a SPDY session beside resize: what the client will open.</summary>
    public int Streams => 1 + (HasStdin ? 1 : 0) + (HasStdout ? 1 : 0) + (HasStderr ? 1 : 0);

    /// <summary>Reads the kubelet's query.</summary>
    /// <exception cref="ApiException">400: no stream at all.</exception>
    public static CommandOptions Parse(Dictionary<string, StringValues> query)
    {
        bool hasTerminal = IsSet(query, "tty");
        var options = new CommandOptions(IsSet(query, "input"), IsSet(query, "output"), IsSet(query, "error") && !hasTerminal, hasTerminal);
        return options.HasStdin || options.HasStdout || options.HasStderr ? options : throw ApiErrors.BadRequest("you must specify at least 1 of stdin, stdout, stderr");
    }

    // kubelet: formValue == "1".
    private static bool IsSet(Dictionary<string, StringValues> query, string name) => query.GetValueOrDefault(name).ToString() is "1" or "true";
}
