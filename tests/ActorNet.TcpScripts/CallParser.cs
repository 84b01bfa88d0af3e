namespace ActorNet.TcpScripts;

/// <summary>Reads socket calls: <c>[NAME =] VERB [SOCKET] [WORDS] [-> RESULT]</c>.</summary>
internal static class CallParser
{
    /// <summary>The verbs, with how many words each takes behind the socket.</summary>
    private static readonly Dictionary<string, (int Least, int Most)> Verbs = new(StringComparer.Ordinal)
    {
        ["socket"] = (0, 0),
        ["bind"] = (1, 1),
        ["listen"] = (1, 1),
        ["accept"] = (0, 0),
        ["connect"] = (1, 1),
        ["write"] = (1, 1),
        ["read"] = (1, 1),
        ["shutdown"] = (1, 1),
        ["close"] = (0, 0),
        ["set"] = (2, 2),
        ["error"] = (0, 0),
        ["state"] = (0, 0),
        ["info"] = (1, 1),
    };

    public static CallPattern Parse(SourceLine source, string[] words)
    {
        string? expected = null;
        int arrow = Array.IndexOf(words, "->");
        if (arrow >= 0)
        {
            expected = arrow == words.Length - 2 ? words[^1] : throw source.Bad("one word stands behind '->'");
            words = words[..arrow];
        }

        string result = "";
        if (words is [string name, "=", ..])
        {
            result = name;
            words = words[2..];
        }

        if (words.Length == 0 || !Verbs.TryGetValue(words[0], out (int Least, int Most) arguments))
            throw source.Bad($"neither '<', '>', 'quiet' nor one of the calls {string.Join(", ", Verbs.Keys)}");
        string verb = words[0];
        bool needsSocket = verb != "socket";
        if (needsSocket && words.Length < 2)
            throw source.Bad($"'{verb}' needs a socket's name");
        string[] rest = words[(needsSocket ? 2 : 1)..];
        if (rest.Length < arguments.Least || rest.Length > arguments.Most)
            throw source.Bad($"'{verb}' takes {arguments.Least} words behind the socket, not {rest.Length}");
        if (verb is "state" or "error" or "info" && expected is null)
            throw source.Bad($"'{verb}' says nothing without '-> RESULT'");
        return new CallPattern(verb, needsSocket ? words[1] : "", result, rest, expected);
    }
}
