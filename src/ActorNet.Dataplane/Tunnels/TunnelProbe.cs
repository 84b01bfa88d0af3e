namespace ActorNet.Dataplane.Tunnels;

/// <summary>
/// The datagram by which a host that wants to join finds out whether a tunnel's datagrams pass in both directions, and how long they may be: a VXLAN header
/// without the I flag, which every VTEP drops (RFC 7348, section 5: the flag MUST be set), a mark, and a number that was agreed on elsewhere. The
/// other end sends it back as it is.
/// </summary>
public static class TunnelProbe
{
    /// <summary>The shortest probe in bytes of UDP payload.</summary>
    public const int MinLength = 8 + 8 + 16;

    private static ReadOnlySpan<byte> Mark => "actprobe"u8;

    /// <summary>Writes a probe over the whole of a buffer.</summary>
    /// <param name="buffer">At least <see cref="MinLength"/> bytes.</param>
    /// <param name="number">The number.</param>
    public static void Write(Span<byte> buffer, Guid number)
    {
        buffer.Clear();
        Mark.CopyTo(buffer[8..]);
        number.TryWriteBytes(buffer[16..]);
    }

    /// <summary>Reads a probe.</summary>
    /// <param name="payload">A datagram's payload, from anybody.</param>
    /// <param name="number">Its number.</param>
    /// <returns>False: it is something else.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out Guid number)
    {
        number = default;
        if (payload.Length < MinLength || payload[0] != 0 || !payload[8..].StartsWith(Mark))
            return false;
        number = new Guid(payload.Slice(16, 16));
        return true;
    }
}
