using System.Globalization;
using System.Text.Json.Nodes;

namespace ActorNet.ApiServer.Streaming;

/// <summary>How a command ended, as the error channel says it (apimachinery pkg/util/remotecommand; kubelet pkg/cri/streaming/remotecommand/exec.go).</summary>
/// <param name="Document">The metav1.Status of protocol version 4 and later.</param>
/// <param name="Text">What older versions get: nothing where it ended well.</param>
internal sealed record CommandStatus(JsonObject Document, string Text)
{
    /// <summary>It ended with an exit code.</summary>
    public static CommandStatus Ended(int exitCode)
    {
        if (exitCode == 0)
            return new CommandStatus(new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }, "");
        string code = exitCode.ToString(CultureInfo.InvariantCulture);
        string message = $"command terminated with non-zero exit code: exit status {code}";
        return new CommandStatus(
            new JsonObject
            {
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["message"] = message,
                ["reason"] = "NonZeroExitCode",
                ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code }) },
            },
            message);
    }

    /// <summary>It could not be run to its end.</summary>
    public static CommandStatus Failed(string why)
    {
        string message = $"error executing command in container: {why}";
        return new CommandStatus(
            new JsonObject
            {
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["message"] = $"Internal error occurred: {message}",
                ["reason"] = "InternalError",
                ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) },
                ["code"] = 500,
            },
            message);
    }
}
