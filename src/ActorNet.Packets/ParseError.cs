namespace ActorNet.Packets;

/// <summary>Why bytes are not the header that was asked for. Malformed input is normal here: nothing throws for it.</summary>
public enum ParseError : byte
{
    /// <summary>The bytes are a valid header.</summary>
    None,

    /// <summary>Fewer bytes than the fixed header has.</summary>
    Truncated,

    /// <summary>The version field is not the one expected.</summary>
    BadVersion,

    /// <summary>A header-length field is below the minimum or beyond the bytes.</summary>
    BadHeaderLength,

    /// <summary>A total-length field is below the header or beyond the bytes.</summary>
    BadLength,

    /// <summary>The checksum does not verify.</summary>
    BadChecksum,

    /// <summary>An option is malformed: its length runs past the header or is below its minimum.</summary>
    BadOption,

    /// <summary>A flags or reserved field holds a value that the receiver must refuse.</summary>
    BadFlags,

    /// <summary>A type field names something this parser does not know (an ARP hardware type that is not Ethernet, say).</summary>
    Unsupported,
}
