using System.Text;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>
/// netexec's commands over UDP (netexec.go startUDPServer). As upstream, a command is trimmed and lowered before it is looked at, so an echo
/// comes back in lower case.
/// </summary>
internal static class NetexecUdp
{
    // buf of startUDPServer: what is longer is cut.
    private const int MaxCommand = 2048;

    /// <summary>Answers a command; null when nothing is sent back.</summary>
    public static async Task<byte[]?> AnswerAsync(AgnhostRun run, ReceivedDatagram datagram)
    {
        string command = Encoding.UTF8.GetString(datagram.Data, 0, Math.Min(datagram.Data.Length, MaxCommand)).Trim().ToLowerInvariant();
        (string? reply, string log) = command switch
        {
            "hostname" => (run.Context.HostName, "Sending udp hostName response"),
            "clientip" => (datagram.Sender.ToString(), $"Sending clientip back to UDP client {datagram.Sender}"),
            _ when command.StartsWith("echo ", StringComparison.Ordinal) => (command[5..], $"Echoing {command[5..]} to UDP client {datagram.Sender}"),
            "" => (null, ""),
            _ => (null, $"Unknown UDP command received from {datagram.Sender}: {command}"),
        };
        if (log.Length > 0)
            await run.LogAsync(log).ConfigureAwait(false);
        return reply is null ? null : Encoding.UTF8.GetBytes(reply);
    }
}
