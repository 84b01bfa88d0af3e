using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Names;
using ActorNet.Workloads.SocketTables;

namespace ActorNet.Workloads.Ss;

/// <summary>
/// The filter behind ss's options: `state NAME` and `exclude NAME`, then an expression of `sport`, `dport`, `src` and `dst` with comparisons,
/// `and`, `or`, `not` and parentheses (iproute2 misc/ssfilter.y). Each condition stands beside the next as with `and`.
/// </summary>
internal sealed class SsFilter
{
    // Far above any expression that somebody types: an expression nests no deeper.
    private const int MaxDepth = 64;

    private readonly List<string> _words = [];
    private readonly Func<string, Ipv4Address?> _resolve;
    private readonly ServiceNames _services;
    private readonly Func<SocketEntry, bool> _matches = static _ => true;
    private int _next;
    private int _depth;

    /// <summary>Reads a filter.</summary>
    /// <param name="words">The words.</param>
    /// <param name="resolve">Finds a host's address.</param>
    /// <param name="services">Names of ports.</param>
    /// <exception cref="SsExit">It cannot be read.</exception>
    public SsFilter(IReadOnlyList<string> words, Func<string, Ipv4Address?> resolve, ServiceNames services)
    {
        (_resolve, _services) = (resolve, services);
        int i = 0;
        for (; i < words.Count && words[i] is "state" or "exclude" or "excl"; i += 2)
        {
            if (i + 1 == words.Count)
                throw new SsExit(255, "Command line is not complete. Try option \"help\"\n");
            SsStates named = SsStateNames.Find(words[i + 1]) ?? throw new SsExit(255, $"ss: wrong state name: {words[i + 1]}\n");
            States = words[i] == "state" ? (States ?? SsStates.None) | named : (States ?? SsStates.All) & ~named;
        }

        foreach (string word in words.Skip(i))
            Tokenize(word);
        if (_words.Count > 0)
            _matches = ReadList();
        if (_next < _words.Count)
            throw Unreadable();
    }

    /// <summary>The states that were asked for, or null.</summary>
    public SsStates? States { get; }

    /// <summary>Whether a socket is meant by the expression.</summary>
    /// <param name="socket">Socket.</param>
    public bool Matches(SocketEntry socket) => _matches(socket);

    private static SsExit Unreadable() => SsOptions.Misuse("ss: bison bellows (while parsing filter): \"syntax error!\" Sorry.\n");

    // Parentheses and comparisons may stand without blanks around them.
    private void Tokenize(string text)
    {
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isSign = i < text.Length && "()!=<>&|".Contains(text[i], StringComparison.Ordinal);
            if (i < text.Length && !isSign && !char.IsWhiteSpace(text[i]))
                continue;
            if (i > start)
                _words.Add(text[start..i]);
            start = i + 1;
            if (!isSign)
                continue;
            int length = i + 1 < text.Length && (text[i + 1] == '=' || ("&|".Contains(text[i], StringComparison.Ordinal) && text[i + 1] == text[i])) ? 2 : 1;
            _words.Add(text.Substring(i, length));
            i += length - 1;
            start = i + 1;
        }
    }

    private string? Peek => _next < _words.Count ? _words[_next] : null;

    private string Take() => _next < _words.Count ? _words[_next++] : throw Unreadable();

    // "and" binds no closer than "or": what stands first is taken first.
    private Func<SocketEntry, bool> ReadList()
    {
        Func<SocketEntry, bool> left = ReadOne();
        while (Peek is not (null or ")"))
        {
            bool isOr = Peek is "or" or "|" or "||";
            if (isOr || Peek is "and" or "&" or "&&")
                _next++;
            (Func<SocketEntry, bool> first, Func<SocketEntry, bool> second) = (left, ReadOne());
            left = isOr ? socket => first(socket) || second(socket) : socket => first(socket) && second(socket);
        }

        return left;
    }

    private Func<SocketEntry, bool> ReadOne()
    {
        if (++_depth > MaxDepth)
            throw Unreadable();
        string word = Take();
        Func<SocketEntry, bool> condition;
        if (word is "not" or "!")
        {
            Func<SocketEntry, bool> inner = ReadOne();
            condition = socket => !inner(socket);
        }
        else if (word == "(")
        {
            condition = ReadList();
            if (Take() != ")")
                throw Unreadable();
        }
        else
        {
            condition = word switch
            {
                "sport" => ReadPort(static socket => socket.Local.Port),
                "dport" => ReadPort(static socket => socket.Remote.Port),
                "src" => ReadHost(static socket => socket.Local),
                "dst" => ReadHost(static socket => socket.Remote),
                "autobound" => throw new SsExit(255, "ss: autobound is not emulated\n"),
                _ => ReadHost(static socket => socket.Remote, word),
            };
        }

        _depth--;
        return condition;
    }

    private Func<SocketEntry, bool> ReadPort(Func<SocketEntry, ushort> end)
    {
        string comparison = TakeComparison();
        string text = Take();
        int colon = text.LastIndexOf(':');
        string number = text[(colon + 1)..];
        if (text.Length > 0 && colon > 0 || !(_services.TryParse(number, "tcp", out ushort port) || _services.TryParse(number, "udp", out port)))
            throw WrongPort(number);
        return comparison switch
        {
            "!=" or "ne" or "neq" => socket => end(socket) != port,
            ">=" or "ge" or "geq" => socket => end(socket) >= port,
            "<=" or "le" or "leq" => socket => end(socket) <= port,
            ">" or "gt" => socket => end(socket) > port,
            "<" or "lt" => socket => end(socket) < port,
            _ => socket => end(socket) == port,
        };
    }

    private Func<SocketEntry, bool> ReadHost(Func<SocketEntry, Ipv4Endpoint> end, string? first = null)
    {
        if (first is null && Peek is "=" or "==" or "eq")
            _next++;
        string text = first ?? TakeHost();
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        ushort? port = colon < 0 || text[(colon + 1)..] is "" or "*" ? null
            : _services.TryParse(text[(colon + 1)..], "tcp", out ushort number) ? number : throw WrongPort(text[(colon + 1)..]);
        (uint network, uint mask) = host is "" or "*" ? (0u, 0u) : ReadPrefix(host);
        return socket => (end(socket).Address.Value & mask) == network && (port is null || end(socket).Port == port);
    }

    private string TakeHost() => "()!=<>&|".Contains((Peek ?? "(")[0], StringComparison.Ordinal) ? throw Unreadable() : Take();

    private (uint Network, uint Mask) ReadPrefix(string text)
    {
        string[] parts = text.Split('/');
        int length = 32;
        bool good = parts.Length == 1 || (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out length) && length <= 32);
        Ipv4Address? address = good ? ReadAddress(parts[0]) : null;
        if (address is not { } found)
            throw new SsExit(1, $"Error: an inet prefix is expected rather than \"{text}\".\nCannot parse dst/src address.\n");
        uint mask = length == 0 ? 0 : uint.MaxValue << (32 - length);
        return (found.Value & mask, mask);
    }

    // One to four octets, what is missing being zero, or a name.
    private Ipv4Address? ReadAddress(string text)
    {
        string[] octets = text.Split('.');
        uint value = 0;
        for (int i = 0; i < 4; i++)
        {
            byte octet = 0;
            if (i < octets.Length && !byte.TryParse(octets[i], NumberStyles.None, CultureInfo.InvariantCulture, out octet))
                return _resolve(text);
            value = (value << 8) | octet;
        }

        return octets.Length > 4 ? _resolve(text) : new Ipv4Address(value);
    }

    private static SsExit WrongPort(string text) => new(1, $"Error: \"{text}\" does not look like a port.\nCannot parse dst/src address.\n");

    private string TakeComparison() =>
        Peek is "=" or "==" or "eq" or "!=" or "ne" or "neq" or ">=" or "ge" or "geq" or "<=" or "le" or "leq" or ">" or "gt" or "<" or "lt" ? Take() : "=";
}
