namespace ActorNet.Packets;

/// <summary>IPv4 option types, copied bit included (IANA "IP Option Numbers").</summary>
public enum Ipv4OptionType : byte
{
    /// <summary>End of the option list; what follows is padding.</summary>
    EndOfList = 0,

    /// <summary>One byte of padding.</summary>
    NoOperation = 1,

    /// <summary>Record route (RFC 791).</summary>
    RecordRoute = 7,

    /// <summary>Internet timestamp (RFC 791).</summary>
    Timestamp = 68,

    /// <summary>Security (RFC 1108).</summary>
    Security = 130,

    /// <summary>Loose source and record route (RFC 791).</summary>
    LooseSourceRoute = 131,

    /// <summary>Stream identifier (RFC 791, obsolete).</summary>
    StreamIdentifier = 136,

    /// <summary>Strict source and record route (RFC 791).</summary>
    StrictSourceRoute = 137,

    /// <summary>Router alert (RFC 2113).</summary>
    RouterAlert = 148,
}

/// <summary>One IPv4 option: its type and the raw data behind the length byte.</summary>
public readonly ref struct Ipv4Option
{
    internal Ipv4Option(Ipv4OptionType type, ReadOnlySpan<byte> data, int offset)
    {
        Type = type;
        Data = data;
        Offset = offset;
    }

    /// <summary>The type.</summary>
    public Ipv4OptionType Type { get; }

    /// <summary>The option without its type and length bytes: 0 to 38 bytes.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Where the option begins, in bytes from the start of the options.</summary>
    public int Offset { get; }

    /// <summary>Whether every fragment carries the option, not only the first (RFC 791, 3.1, copied flag).</summary>
    public bool IsCopied => ((byte)Type & 0x80) != 0;

    /// <summary>Whether the option prescribes a route.</summary>
    public bool IsSourceRoute => Type is Ipv4OptionType.LooseSourceRoute or Ipv4OptionType.StrictSourceRoute;
}

/// <summary>
/// Walks IPv4 options in their order (RFC 791, 3.1); padding is passed over and the walk ends at <see cref="Ipv4OptionType.EndOfList"/>.
/// A length below 2 or beyond the header ends it with <see cref="Error"/> set, and <see cref="ErrorOffset"/> says where the option begins,
/// for the pointer of an ICMP parameter problem (linux net/ipv4/ip_options.c, __ip_options_compile).
/// </summary>
public ref struct Ipv4OptionEnumerator
{
    private readonly ReadOnlySpan<byte> _options;
    private int _next;

    /// <summary>Starts in front of the first option.</summary>
    /// <param name="options">The options of a header, padding included.</param>
    public Ipv4OptionEnumerator(ReadOnlySpan<byte> options)
    {
        _options = options;
        _next = 0;
        Current = default;
        Error = ParseError.None;
        ErrorOffset = 0;
    }

    /// <summary>The option that <see cref="MoveNext"/> found.</summary>
    public Ipv4Option Current { get; private set; }

    /// <summary><see cref="ParseError.BadOption"/> after the walk met a malformed length.</summary>
    public ParseError Error { get; private set; }

    /// <summary>With an error: where the malformed option begins, in bytes from the start of the options.</summary>
    public int ErrorOffset { get; private set; }

    /// <summary>This, for foreach; keep the enumerator itself to read <see cref="Error"/> afterwards.</summary>
    public readonly Ipv4OptionEnumerator GetEnumerator() => this;

    /// <summary>Goes to the next option.</summary>
    /// <returns>False at the end and at a malformed option.</returns>
    public bool MoveNext()
    {
        while (_next < _options.Length)
        {
            var type = (Ipv4OptionType)_options[_next];
            if (type == Ipv4OptionType.EndOfList)
                break;
            if (type == Ipv4OptionType.NoOperation)
            {
                _next++;
                continue;
            }

            int room = _options.Length - _next;
            int length = room < 2 ? 0 : _options[_next + 1];
            if (length < 2 || length > room)
            {
                Error = ParseError.BadOption;
                ErrorOffset = _next;
                break;
            }

            Current = new Ipv4Option(type, _options.Slice(_next + 2, length - 2), _next);
            _next += length;
            return true;
        }

        _next = _options.Length;
        return false;
    }
}
