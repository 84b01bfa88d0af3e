using System.Globalization;

namespace ActorNet.Workloads.Shell;

/// <summary>getopts OPTIONS NAME [ARGUMENT...] (POSIX XCU getopts). The place inside a cluster is kept in the variable's digits behind OPTIND.</summary>
internal static class GetoptsBuiltin
{
    private const string Place = "__getopts_place";

    public static async ValueTask<int> RunAsync(ShellProcess shell, List<string> words)
    {
        if (words.Count < 3)
            throw new ShellFailure("usage: getopts optstring var [arg...]");
        string options = words[1];
        List<string> arguments = words.Count > 3 ? words[3..] : shell.Positions;
        int index = int.TryParse(shell.Variables.Get("OPTIND"), NumberStyles.None, CultureInfo.InvariantCulture, out int set) ? set : 1;
        string[] kept = (shell.Variables.Get(Place) ?? "").Split(':');
        int inside = kept.Length == 2 && kept[0] == index.ToString(CultureInfo.InvariantCulture) ? int.Parse(kept[1], CultureInfo.InvariantCulture) : 1;
        string word = index >= 1 && index <= arguments.Count ? arguments[index - 1] : "";
        if (word.Length < 2 || word[0] != '-' || word == "--" || inside >= word.Length)
        {
            shell.Assign("OPTIND", (word == "--" ? index + 1 : index).ToString(CultureInfo.InvariantCulture));
            shell.Assign(words[2], "?");
            return 1;
        }

        char option = word[inside++];
        bool isSilent = options.StartsWith(':');
        int at = option == ':' ? -1 : options.IndexOf(option, isSilent ? 1 : 0);
        string name = option.ToString();
        string? value = null;
        bool isCluster = inside < word.Length;
        if (at < 0)
        {
            name = "?";
            value = isSilent ? option.ToString() : null;
            if (!isSilent)
                await shell.WriteAsync(2, $"Illegal option -{option}\n").ConfigureAwait(false);
        }
        else if (at + 1 < options.Length && options[at + 1] == ':')
        {
            value = isCluster ? word[inside..] : index < arguments.Count ? arguments[index++] : null;
            isCluster = false;
            if (value is null)
            {
                name = isSilent ? ":" : "?";
                value = isSilent ? option.ToString() : null;
                if (!isSilent)
                    await shell.WriteAsync(2, $"No arg for -{option} option\n").ConfigureAwait(false);
            }
        }

        if (!isCluster)
            index++;
        shell.Assign("OPTIND", index.ToString(CultureInfo.InvariantCulture));
        shell.Variables.Set(Place, isCluster ? string.Create(CultureInfo.InvariantCulture, $"{index}:{inside}") : "");
        shell.Assign(words[2], name);
        if (value is null)
            shell.Variables.Unset("OPTARG");
        else
            shell.Assign("OPTARG", value);
        return 0;
    }
}
