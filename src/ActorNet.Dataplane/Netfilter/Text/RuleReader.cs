using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Targets;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>What a rule's words came to.</summary>
/// <param name="First">The rule.</param>
/// <param name="More">Those behind it that lists of addresses ask for.</param>
internal readonly record struct RuleReading(Rule First, Rule[] More)
{
    /// <summary>All of them.</summary>
    internal IEnumerable<Rule> Rules => More.Prepend(First);

    /// <summary>Their target when it is a chain, which is to be found yet.</summary>
    internal ChainTarget? Jump => First.Target as ChainTarget;

    /// <summary>Gives them counters.</summary>
    internal void Count(long packets, long bytes)
    {
        foreach (Rule rule in Rules)
            (rule.Packets, rule.Bytes) = (packets, bytes);
    }
}

/// <summary>
/// Reads the words behind <c>-A CHAIN</c> (iptables/xshared.c do_parse), of one rule after the other: what a program of many thousand rules allocates is
/// what they are made of.
/// </summary>
internal sealed class RuleReader
{
    // iptables/xshared.h: of many addresses each makes a rule.
    private const int MaxAddresses = 4096;

    // All rules of a table share the targets that lead to chains, by name.
    private readonly Dictionary<string, ChainTarget> _jumps = new(StringComparer.Ordinal);
    // Heads that ask for a protocol alone, which many rules do.
    private readonly Dictionary<byte, RuleHead> _protocols = [];
    // Readers of options that serve one rule after the other.
    private readonly Dictionary<string, ExtensionSyntax<RuleMatch>> _matchReaders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExtensionSyntax<RuleTarget>> _targetReaders = new(StringComparer.Ordinal);
    private readonly List<(RuleMatch? Done, ExtensionSyntax<RuleMatch>? Open)> _matches = new(2);
    private readonly List<AddressMatch> _sources = [];
    private readonly List<AddressMatch> _destinations = [];
    private RuleWords _words = new([]);
    private string _chainName = "";
    private RuleHead _head = RuleHead.Any;
    private string? _protocolName;
    private bool _protocolLoaded;
    private string? _targetName;
    private ExtensionSyntax<RuleTarget>? _targetSyntax;
    private bool _isGoto;

    /// <summary>Counters that -c set.</summary>
    internal (long Packets, long Bytes)? Counters { get; private set; }

    /// <summary>Reads to the end of the words.</summary>
    /// <param name="words">The words.</param>
    /// <param name="chainName">The chain that the rule is for.</param>
    internal RuleReading Read(RuleWords words, string chainName)
    {
        Begin(words, chainName);
        while (!words.AtEnd)
        {
            string word = words.Next();
            bool inverted = word == "!";
            if (inverted)
                word = words.AtEnd ? throw new RuleSyntaxException("nothing appropriate following !") : words.Next();
            if (word.Length < 2 || word[0] != '-')
                throw new RuleSyntaxException($"Bad argument `{word}'");
            if (!TryReadHead(word, inverted) && !TryReadExtension(word, inverted))
                throw new RuleSyntaxException($"unknown option \"{word}\"");
        }

        return Build();
    }

    private void Begin(RuleWords words, string chainName)
    {
        (_words, _chainName) = (words, chainName);
        _matches.Clear();
        _sources.Clear();
        _destinations.Clear();
        _head = RuleHead.Any;
        (_protocolName, _protocolLoaded) = (null, false);
        (_targetName, _targetSyntax, _isGoto) = (null, null, false);
        Counters = null;
    }

    private bool TryReadHead(string option, bool inverted)
    {
        switch (option)
        {
            case "-s" or "--source" or "--src":
                ReadAddresses(option, inverted, _sources);
                return true;
            case "-d" or "--destination" or "--dst":
                ReadAddresses(option, inverted, _destinations);
                return true;
            case "-i" or "--in-interface":
                RefuseDevice("-i", "OUTPUT", "POSTROUTING");
                _head = _head with { In = Device(option, inverted) };
                return true;
            case "-o" or "--out-interface":
                RefuseDevice("-o", "INPUT", "PREROUTING");
                _head = _head with { Out = Device(option, inverted) };
                return true;
            case "-p" or "--protocol" or "--proto":
                ReadProtocol(_words.Argument(option), inverted);
                return true;
            case "-f" or "--fragment":
                _head = _head with { Fragment = true, NotFragment = inverted };
                return true;
            case "-m" or "--match":
                LoadMatch(_words.Argument(option));
                return true;
            case "-j" or "--jump" or "-g" or "--goto":
                ReadTarget(option, _words.Argument(option));
                return true;
            case "-c" or "--set-counters":
                Counters = (Count(_words.Argument(option)), Count(_words.Argument(option)));
                return true;
            default:
                return false;
        }
    }

    private bool TryReadExtension(string option, bool inverted)
    {
        if (_targetSyntax is not null && _targetSyntax.TryRead(option, inverted, _words, _head))
            return true;
        for (int i = _matches.Count - 1; i >= 0; i--)
        {
            if (_matches[i].Open is { } open && open.TryRead(option, inverted, _words, _head))
                return true;
        }

        // "-p tcp --dport 80": the protocol's own match comes when an option of it does.
        if (_protocolName is null || _protocolLoaded || MatchOf(_protocolName) is not { } implied || !implied.TryRead(option, inverted, _words, _head))
            return false;
        _protocolLoaded = true;
        _matches.Add((null, implied));
        return true;
    }

    private void ReadAddresses(string option, bool inverted, List<AddressMatch> into)
    {
        if (into.Count > 0)
            throw new RuleSyntaxException($"multiple {option[..2]} flags not allowed");
        string argument = _words.Argument(option);
        if (!argument.Contains(','))
        {
            into.Add(Argument.Address(argument, inverted));
            return;
        }

        if (inverted)
            throw new RuleSyntaxException("! not allowed with multiple source or destination IP addresses");
        string[] texts = argument.Split(',');
        if (texts.Length > MaxAddresses)
            throw new RuleSyntaxException("too many addresses");
        foreach (string text in texts)
            into.Add(Argument.Address(text, inverted));
    }

    private void RefuseDevice(string option, params ReadOnlySpan<string> chains)
    {
        if (chains.Contains(_chainName))
            throw new RuleSyntaxException($"Can't use {option} with {_chainName}\n");
    }

    private DeviceMatch Device(string option, bool inverted)
    {
        string name = _words.Argument(option);
        // IFNAMSIZ with the terminator.
        return name.Length is > 0 and < 16 ? DeviceMatch.Parse(name, inverted) : throw new RuleSyntaxException($"interface name `{name}' must be shorter than 16 characters");
    }

    private void ReadProtocol(string text, bool inverted)
    {
        if (!ProtocolNames.TryParse(text, out byte protocol))
            throw new RuleSyntaxException($"unknown protocol \"{text}\" specified");
        if (protocol == 0 && inverted)
            throw new RuleSyntaxException("rule would never match protocol");
        _head = ReferenceEquals(_head, RuleHead.Any) && !inverted ? HeadOfProtocol(protocol) : _head with { Protocol = protocol, NotProtocol = inverted };
        _protocolName = protocol == 0 || inverted ? null : ProtocolNames.NameOf(protocol);
        if (inverted)
            _protocolName = ProtocolNames.NameOf(protocol);
    }

    private RuleHead HeadOfProtocol(byte protocol)
    {
        if (!_protocols.TryGetValue(protocol, out RuleHead? head))
            _protocols.Add(protocol, head = RuleHead.Any with { Protocol = protocol });
        return head;
    }

    private void LoadMatch(string name)
    {
        ExtensionSyntax<RuleMatch>? again = _matchReaders.GetValueOrDefault(name);
        ExtensionSyntax<RuleMatch> syntax = again ?? NewMatchOf(name) ?? throw new RuleSyntaxException($"Couldn't load match `{name}':No such file or directory\n");
        // Options belong to the match that was named last; an earlier one of the same name is complete.
        for (int i = 0; i < _matches.Count; i++)
        {
            if (_matches[i].Open is { } open && open.GetType() == syntax.GetType())
                _matches[i] = (open.Build(_head), null);
        }

        again?.Begin();
        _matches.Add((null, syntax));
        _protocolLoaded |= name == _protocolName;
    }

    private void ReadTarget(string option, string name)
    {
        if (_targetName is not null)
            throw new RuleSyntaxException($"multiple {option[..2]} flags not allowed");
        _targetName = name;
        _isGoto = option is "-g" or "--goto";
        if (!_isGoto)
            _targetSyntax = TargetOf(name);
    }

    private ExtensionSyntax<RuleMatch>? MatchOf(string name)
    {
        if (!_matchReaders.TryGetValue(name, out ExtensionSyntax<RuleMatch>? again))
            return NewMatchOf(name);
        again.Begin();
        return again;
    }

    private ExtensionSyntax<RuleMatch>? NewMatchOf(string name)
    {
        ExtensionSyntax<RuleMatch>? syntax = ExtensionCatalog.MatchOf(name);
        if (syntax is { IsReusable: true })
            _matchReaders.Add(name, syntax);
        return syntax;
    }

    private ExtensionSyntax<RuleTarget>? TargetOf(string name)
    {
        if (_targetReaders.TryGetValue(name, out ExtensionSyntax<RuleTarget>? again))
        {
            again.Begin();
            return again;
        }

        ExtensionSyntax<RuleTarget>? syntax = ExtensionCatalog.TargetOf(name);
        if (syntax is { IsReusable: true })
            _targetReaders.Add(name, syntax);
        return syntax;
    }

    private RuleReading Build()
    {
        RuleMatch[] matches = BuildMatches();
        RuleTarget? target = BuildTarget();
        int more = (Math.Max(1, _sources.Count) * Math.Max(1, _destinations.Count)) - 1;
        var reading = new RuleReading(new Rule(HeadOf(0), matches, target), more == 0 ? [] : new Rule[more]);
        for (int i = 0; i < more; i++)
            reading.More[i] = new Rule(HeadOf(i + 1), matches, target);
        if (Counters is { } counters)
            reading.Count(counters.Packets, counters.Bytes);
        return reading;
    }

    private RuleMatch[] BuildMatches()
    {
        if (_matches.Count == 0)
            return [];
        if (_matches.Count == 1)
            return (_matches[0].Done ?? _matches[0].Open!.Build(_head)).Alone;
        var matches = new RuleMatch[_matches.Count];
        for (int i = 0; i < matches.Length; i++)
            matches[i] = _matches[i].Done ?? _matches[i].Open!.Build(_head);
        return matches;
    }

    // Of lists of addresses each pair makes a rule.
    private RuleHead HeadOf(int rule)
    {
        if (_sources.Count == 0 && _destinations.Count == 0)
            return _head;
        int destinations = Math.Max(1, _destinations.Count);
        return _head with
        {
            Source = _sources.Count == 0 ? default : _sources[rule / destinations],
            Destination = _destinations.Count == 0 ? default : _destinations[rule % destinations],
        };
    }

    private RuleTarget? BuildTarget()
    {
        if (_targetName is null)
            return null;
        if (_targetSyntax is not null)
            return _targetSyntax.Build(_head);
        if (!_isGoto && ExtensionCatalog.VerdictOf(_targetName) is { } verdict)
            return verdict;
        // A goto is another target, and rare.
        if (_isGoto)
            return new ChainTarget(_targetName, isGoto: true);
        if (!_jumps.TryGetValue(_targetName, out ChainTarget? jump))
            _jumps.Add(_targetName, jump = new ChainTarget(_targetName, isGoto: false));
        return jump;
    }

    private static long Count(string text) =>
        long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long count)
            ? count
            : throw new RuleSyntaxException("-c packet counter not numeric");
}
