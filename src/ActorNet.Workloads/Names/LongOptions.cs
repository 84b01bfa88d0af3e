namespace ActorNet.Workloads.Names;

/// <summary>Long options as getopt_long(3) finds them: by their whole name, or cut short where one begins so.</summary>
/// <param name="names">Names and the letters that stand for them.</param>
internal sealed class LongOptions(params (string Name, char Letter)[] names)
{
    /// <summary>Whether a letter stands for an option.</summary>
    /// <param name="letter">Letter.</param>
    public bool Has(char letter) => Array.Exists(names, each => each.Letter == letter);

    /// <summary>Finds an option.</summary>
    /// <param name="word">The word behind the dashes; from an equals sign on it is the argument.</param>
    /// <param name="name">The whole name.</param>
    /// <param name="letter">The letter.</param>
    /// <returns>Null, or getopt's complaint without the program's name and line end.</returns>
    public string? Find(string word, out string name, out char letter)
    {
        string given = word.Split('=')[0];
        (string Name, char Letter)[] found = Array.FindAll(names, each => each.Name == given);
        if (found.Length == 0)
            found = Array.FindAll(names, each => each.Name.StartsWith(given, StringComparison.Ordinal));
        bool isOne = found.Length > 0 && Array.TrueForAll(found, each => each.Letter == found[0].Letter);
        (name, letter) = isOne ? found[0] : ("", '\0');
        if (isOne)
            return null;
        return found.Length == 0
            ? $"unrecognized option '--{word}'"
            : $"option '--{word}' is ambiguous; possibilities:{string.Concat(found.Select(static each => $" '--{each.Name}'"))}";
    }
}
