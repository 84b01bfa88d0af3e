namespace ActorNet.Workloads.Curl;

/// <summary>A command line of curl (curl src/tool_getparam.c): words and options mixed, letters in clusters, long names by any beginning that only one has.</summary>
internal static class CurlArguments
{
    /// <summary>Reads a command line.</summary>
    /// <param name="args">Words.</param>
    /// <exception cref="CurlUsageException">It cannot be used; the message names the option.</exception>
    public static CurlOptions Parse(IReadOnlyList<string> args)
    {
        var options = new CurlOptions();
        bool ended = false;
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            if (ended || word.Length < 2 || word[0] != '-')
                options.Urls.Add(word);
            else if (word == "--")
                ended = true;
            else
                Take(options, args, ref i);
        }

        return options;
    }

    private static void Take(CurlOptions options, IReadOnlyList<string> args, ref int at)
    {
        string word = args[at];
        try
        {
            if (word[1] == '-')
                TakeLong(options, args, ref at);
            else
                TakeCluster(options, args, ref at);
        }
        catch (CurlUsageException e)
        {
            throw new CurlUsageException($"option {word}: {e.Message}", e.Code);
        }
    }

    private static void TakeLong(CurlOptions options, IReadOnlyList<string> args, ref int at)
    {
        string name = args[at][2..];
        bool isOn = !name.StartsWith("no-", StringComparison.Ordinal);
        CurlOption option = CurlOptionTable.Find(isOn ? name : name[3..]);
        if (option.Set is not null)
            option.Set(options, isOn);
        else if (!isOn)
            throw new CurlUsageException("used '--no-' for option that isn't a boolean");
        else
            option.Take!(options, at + 1 < args.Count ? args[++at] : throw new CurlUsageException("requires parameter"));
    }

    private static void TakeCluster(CurlOptions options, IReadOnlyList<string> args, ref int at)
    {
        string word = args[at];
        for (int i = 1; i < word.Length; i++)
        {
            CurlOption option = CurlOptionTable.Find(word[i]) ?? throw new CurlUsageException("is unknown");
            if (option.Set is not null)
            {
                option.Set(options, true);
                continue;
            }

            string? value = i + 1 < word.Length ? word[(i + 1)..] : at + 1 < args.Count ? args[++at] : null;
            option.Take!(options, value ?? throw new CurlUsageException("requires parameter"));
            return;
        }
    }
}
