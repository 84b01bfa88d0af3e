using System.Globalization;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>A command line as cobra and pflag read it, with their error texts (github.com/spf13/pflag flag.go).</summary>
internal sealed class GoFlags
{
    private enum Kind
    {
        Text,
        Integer,
        Truth,
        Duration,
    }

    private readonly Dictionary<string, (Kind Kind, object Value)> _flags = new(StringComparer.Ordinal);

    /// <summary>The words that are no flags.</summary>
    public List<string> Words { get; } = [];

    public GoFlags AddText(string name, string value = "") => Add(name, Kind.Text, value);

    public GoFlags AddInteger(string name, int value) => Add(name, Kind.Integer, value);

    public GoFlags AddTruth(string name, bool value) => Add(name, Kind.Truth, value);

    public GoFlags AddDuration(string name) => Add(name, Kind.Duration, TimeSpan.Zero);

    public string Text(string name) => (string)_flags[name].Value;

    public int Integer(string name) => (int)_flags[name].Value;

    public bool Truth(string name) => (bool)_flags[name].Value;

    public TimeSpan Duration(string name) => (TimeSpan)_flags[name].Value;

    /// <summary>Reads the arguments behind the subcommand's name.</summary>
    /// <param name="args">Arguments.</param>
    /// <param name="words">How many words there must be beside the flags.</param>
    /// <returns>What is wrong, or null.</returns>
    public string? Parse(IReadOnlyList<string> args, int words = 0)
    {
        for (int i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith('-') || args[i] == "-")
            {
                Words.Add(args[i]);
                continue;
            }

            if (args[i] == "--")
            {
                Words.AddRange(args.Skip(i + 1));
                break;
            }

            if (TakeFlag(args, ref i) is { } error)
                return error;
        }

        if (Words.Count == words)
            return null;
        return words == 0 ? $"accepts at most 0 arg(s), received {Words.Count}" : $"accepts {words} arg(s), received {Words.Count}";
    }

    private string? TakeFlag(IReadOnlyList<string> args, ref int at)
    {
        string word = args[at];
        if (!word.StartsWith("--", StringComparison.Ordinal))
            return $"unknown shorthand flag: '{word[1]}' in {word}";
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word[2..] : word[2..equals];
        if (!_flags.TryGetValue(name, out (Kind Kind, object Value) flag))
            return $"unknown flag: --{name}";
        string value;
        if (equals >= 0)
            value = word[(equals + 1)..];
        else if (flag.Kind == Kind.Truth)
            value = "true";
        else if (++at < args.Count)
            value = args[at];
        else
            return $"flag needs an argument: --{name}";
        (object? read, string why) = Read(flag.Kind, value);
        if (read is null)
            return $"invalid argument {GoText.Quote(value)} for \"--{name}\" flag: {why}";
        _flags[name] = (flag.Kind, read);
        return null;
    }

    private static (object? Value, string Why) Read(Kind kind, string text) => kind switch
    {
        Kind.Text => (text, ""),
        Kind.Integer => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? (number, "") : (null, $"strconv.ParseInt: parsing {GoText.Quote(text)}: invalid syntax"),
        Kind.Duration => GoDuration.TryParse(text, out TimeSpan duration)
            ? (duration, "") : (null, $"time: invalid duration {GoText.Quote(text)}"),
        _ => text switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => (true, ""),
            "0" or "f" or "F" or "false" or "FALSE" or "False" => (false, ""),
            _ => (null, $"strconv.ParseBool: parsing {GoText.Quote(text)}: invalid syntax"),
        },
    };

    private GoFlags Add(string name, Kind kind, object value)
    {
        _flags[name] = (kind, value);
        return this;
    }
}
