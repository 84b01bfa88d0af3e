namespace ActorNet.TcpScripts;

/// <summary>A connection of a script: its ports and initial sequence numbers.</summary>
/// <param name="name">Its name in the script.</param>
/// <param name="peerPort">The port at the script's side.</param>
/// <param name="peerIsn">The script's initial sequence number.</param>
internal sealed class Connection(string name, ushort peerPort, uint peerIsn)
{
    /// <summary>The port that a stack's listener has where the script does not bind another.</summary>
    public const ushort ServerPort = 80;

    public string Name { get; } = name;

    public ushort PeerPort { get; } = peerPort;

    /// <summary>The stack's port; its ephemeral one is learnt from its SYN.</summary>
    public ushort LocalPort { get; set; } = ServerPort;

    public bool IsLocalPortKnown { get; set; } = true;

    public uint PeerIsn { get; } = peerIsn;

    /// <summary>The stack's initial sequence number; 0 until its SYN was seen, so that numbers are then absolute.</summary>
    public uint StackIsn { get; set; }

    public bool HasStackIsn { get; set; }
}
