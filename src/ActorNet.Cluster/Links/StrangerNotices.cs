namespace ActorNet.Cluster.Links;

/// <summary>
/// What Akka logs about connections that come in at the control port and are none of a host. It says several lines for each, with all bytes that came in them,
/// so that a port scan would fill a disk: here it is one short line a minute, and <see cref="ControlLinks.Strangers"/> counts all.
/// </summary>
internal sealed class StrangerNotices
{
    /// <summary>The least time between two lines.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>As much of what Akka says is passed on, in characters.</summary>
    internal const int Longest = 200;

    // The handler of incoming channels (akka.net src/core/Akka.Remote/Transport/DotNetty/TcpTransport.cs), and what an association that comes in is told
    // before its handshake (Transport/AkkaProtocolTransport.cs, ProtocolStateActor).
    private const string Handler = "TcpServerHandler";
    private static readonly string[] OfAssociations = ["No response from remote for inbound association", "Error while decoding incoming Akka PDU"];

    private DateTime _next = DateTime.MinValue;

    /// <summary>Whether a line is about a connection that came in and came to nothing.</summary>
    /// <param name="source">Who logs.</param>
    /// <param name="text">What.</param>
    public static bool AreAbout(string source, string text) =>
        source.StartsWith(Handler, StringComparison.Ordinal) || Array.Exists(OfAssociations, begin => text.StartsWith(begin, StringComparison.Ordinal));

    /// <summary>What to say of it.</summary>
    /// <param name="at">When it was logged.</param>
    /// <param name="text">What was logged.</param>
    /// <returns>Null: nothing, another one was said a moment ago.</returns>
    public string? Say(DateTime at, string text)
    {
        if (at < _next)
            return null;
        _next = at + Pause;
        string line = text.Split('\n', 2)[0].TrimEnd();
        if (line.Length > Longest)
            line = line[..Longest] + "...";
        return $"A connection to the control port came to nothing and was closed. If it was not a host of this cluster, nothing is to be done; further ones are said once a minute, actornet_control_refused_connections_total counts all. {line}";
    }
}
