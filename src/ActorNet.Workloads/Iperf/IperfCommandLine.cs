namespace ActorNet.Workloads.Iperf;

/// <summary>The words of a command line taken apart as getopt_long(3) does: clusters, values in the same or the next word, shortened long names.</summary>
internal static class IperfCommandLine
{
    /// <summary>Calls for each option with its value, or null.</summary>
    /// <param name="args">The words behind the program's name.</param>
    /// <param name="take">Takes an option; answers an error or null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static CommandLineError? Read(IReadOnlyList<string> args, Func<IperfOption, string, string?> take)
    {
        for (int i = 0; i < args.Count; i++)
        {
            CommandLineError? error = null;
            if (args[i] == "--")
                return null;
            if (args[i].StartsWith("--", StringComparison.Ordinal))
                error = ReadLong(args, ref i, take);
            else if (args[i].Length > 1 && args[i][0] == '-')
                error = ReadCluster(args, ref i, take);
            // Words that are no options are passed over, as iperf3 does.
            if (error is not null)
                return error;
        }

        return null;
    }

    private static CommandLineError? ReadLong(IReadOnlyList<string> args, ref int at, Func<IperfOption, string, string?> take)
    {
        string word = args[at];
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word[2..] : word[2..equals];
        IperfOption? option = IperfOption.All.FirstOrDefault(each => each.Long == name);
        if (option is null)
        {
            IperfOption[] candidates = [.. IperfOption.All.Where(each => each.Long.StartsWith(name, StringComparison.Ordinal))];
            if (candidates.Length == 0)
                return CommandLineError.Getopt($"unrecognized option '--{name}'");
            if (candidates.Length > 1)
                return CommandLineError.Getopt($"option '--{name}' is ambiguous; possibilities:{string.Concat(candidates.Select(each => $" '--{each.Long}'"))}");
            option = candidates[0];
        }

        if (equals >= 0 && option.Value is null)
            return CommandLineError.Getopt($"option '--{option.Long}' doesn't allow an argument");
        string value = equals >= 0 ? word[(equals + 1)..] : "";
        if (equals < 0 && option.Value is not null)
        {
            if (++at == args.Count)
                return CommandLineError.Getopt($"option '--{option.Long}' requires an argument");
            value = args[at];
        }

        return Take(option, value, take);
    }

    private static CommandLineError? ReadCluster(IReadOnlyList<string> args, ref int at, Func<IperfOption, string, string?> take)
    {
        string word = args[at];
        for (int i = 1; i < word.Length; i++)
        {
            char letter = word[i];
            IperfOption? option = IperfOption.All.FirstOrDefault(each => each.Short == letter && letter != '\0');
            if (option is null)
                return CommandLineError.Getopt($"invalid option -- '{letter}'");
            if (option.Value is null)
            {
                if (Take(option, "", take) is { } error)
                    return error;
                continue;
            }

            string value = word[(i + 1)..];
            if (value.Length == 0)
            {
                if (++at == args.Count)
                    return CommandLineError.Getopt($"option requires an argument -- '{letter}'");
                value = args[at];
            }

            return Take(option, value, take);
        }

        return null;
    }

    private static CommandLineError? Take(IperfOption option, string value, Func<IperfOption, string, string?> take)
    {
        if (option.Help is null)
            return CommandLineError.Parameter($"{option.Name} is not built in; iperf3 -h lists what is");
        return take(option, value) is { } message ? CommandLineError.Parameter(message) : null;
    }
}

/// <summary>What is wrong with a command line; the usage is printed behind it.</summary>
/// <param name="Message">Without the program's name.</param>
/// <param name="IsGetopt">Whether iperf3 leaves the message to getopt and prints its usage to standard error.</param>
internal sealed record CommandLineError(string Message, bool IsGetopt)
{
    public static CommandLineError Getopt(string message) => new(message, true);

    public static CommandLineError Parameter(string message) => new($"parameter error - {message}", false);
}
