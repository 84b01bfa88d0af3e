using System.Globalization;
using ActorNet.Workloads.Names;

namespace ActorNet.Workloads.Wget;

/// <summary>busybox wget's options, and those of GNU's that scripts use and that change nothing here, as -nv, -t and --no-verbose.</summary>
internal sealed class WgetOptions
{
    private const string WithValue = "OoPUTYtHDF";

    // Letters that no short option has stand for long ones: H header, D post-data, F post-file, s spider, k no-check-certificate, i ignored.
    private static readonly LongOptions LongNames = new(
        ("continue", 'c'), ("quiet", 'q'), ("server-response", 'S'), ("output-document", 'O'), ("output-file", 'o'), ("directory-prefix", 'P'),
        ("user-agent", 'U'), ("timeout", 'T'), ("tries", 't'), ("proxy", 'Y'), ("header", 'H'), ("post-data", 'D'), ("post-file", 'F'), ("spider", 's'),
        ("no-check-certificate", 'k'), ("no-verbose", 'i'), ("passive-ftp", 'i'), ("no-cache", 'i'), ("no-proxy", 'i'));

    public bool Continue { get; private set; }

    public bool Quiet { get; private set; }

    public bool ShowResponse { get; private set; }

    public bool Spider { get; private set; }

    public bool Insecure { get; private set; }

    public string? OutputFile { get; private set; }

    public string? LogFile { get; private set; }

    public string? Directory { get; private set; }

    public string UserAgent { get; private set; } = "Wget";

    public TimeSpan? Timeout { get; private set; }

    public List<string> Headers { get; } = [];

    public string? PostData { get; private set; }

    public string? PostFile { get; private set; }

    public List<string> Urls { get; } = [];

    /// <summary>Reads a command line.</summary>
    /// <param name="args">Arguments behind the program's name.</param>
    /// <exception cref="WgetExit">It is wrong.</exception>
    public static WgetOptions Parse(IReadOnlyList<string> args)
    {
        var options = new WgetOptions();
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                options.Urls.AddRange(args.Skip(i + 1));
                break;
            }

            if (word.StartsWith("--", StringComparison.Ordinal))
                options.TakeLong(args, ref i);
            else if (word.Length > 1 && word[0] == '-')
                options.TakeCluster(args, ref i);
            else
                options.Urls.Add(word);
        }

        return options.Urls.Count > 0 ? options : throw Misuse("");
    }

    private static WgetExit Misuse(string complaint) => new((complaint.Length > 0 ? $"wget: {complaint}\n" : "") + WgetText.Usage);

    private void TakeLong(IReadOnlyList<string> args, ref int at)
    {
        string word = args[at][2..];
        if (LongNames.Find(word, out string name, out char letter) is { } complaint)
            throw Misuse(complaint);
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        bool takesValue = WithValue.Contains(letter, StringComparison.Ordinal);
        if (!takesValue && equals >= 0)
            throw Misuse($"option '--{name}' doesn't allow an argument");
        string? value = !takesValue ? "" : equals >= 0 ? word[(equals + 1)..] : ++at < args.Count ? args[at] : null;
        Take(letter, value ?? throw Misuse($"option '--{name}' requires an argument"));
    }

    private void TakeCluster(IReadOnlyList<string> args, ref int at)
    {
        string cluster = args[at];
        for (int i = 1; i < cluster.Length; i++)
        {
            char letter = cluster[i];
            // -nv, -nc, -nH: taken and without effect.
            if (letter == 'n')
                return;
            if (!"cqSOoPUTYt".Contains(letter, StringComparison.Ordinal))
                throw Misuse($"invalid option -- '{letter}'");
            if (!WithValue.Contains(letter, StringComparison.Ordinal))
            {
                Take(letter, "");
                continue;
            }

            string? value = i + 1 < cluster.Length ? cluster[(i + 1)..] : ++at < args.Count ? args[at] : null;
            Take(letter, value ?? throw Misuse($"option requires an argument -- '{letter}'"));
            return;
        }
    }

    private void Take(char letter, string value)
    {
        switch (letter)
        {
            case 'c': Continue = true; break;
            case 'q': Quiet = true; break;
            case 'S': ShowResponse = true; break;
            case 's': Spider = true; break;
            case 'k': Insecure = true; break;
            case 'O': OutputFile = value; break;
            case 'o': LogFile = value; break;
            case 'P': Directory = value; break;
            case 'U': UserAgent = value; break;
            case 'T': Timeout = TimeSpan.FromSeconds(Number(value)); break;
            case 'H': Headers.Add(value); break;
            case 'D': PostData = value; break;
            case 'F': PostFile = value; break;
            default: break;
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? Math.Min(number, 100_000_000) : throw new WgetExit($"invalid number '{text}'");
}
