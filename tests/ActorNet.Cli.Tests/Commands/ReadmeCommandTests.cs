using System.CommandLine;
using System.Text.RegularExpressions;
using ActorNet.Cli.Commands;

namespace ActorNet.Cli.Tests.Commands;

/// <summary>What the README says of the command line is what `--help` says: every form in its table, every command in its blocks, and no command left out.</summary>
public sealed partial class ReadmeCommandTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Root(), "README.md"));

    [Fact]
    public void Each_form_in_the_table_names_commands_and_options_that_there_are()
    {
        RootCommand root = RootCommandFactory.Create();
        var seen = new HashSet<Command>();
        string first = "";
        foreach (string row in Readme.Split('\n').Where(static l => l.StartsWith("| `actornet ", StringComparison.Ordinal)))
        {
            // Further forms of a row leave the first word out.
            foreach (Match form in Code().Matches(row.Replace("\\|", "|", StringComparison.Ordinal).Split(" | ")[0]))
            {
                string[] words = Words().Split(Beside().Replace(form.Groups[1].Value, "")).Where(static w => w.Length > 0).ToArray();
                if (words.Length == 0 || (words[0] != "actornet" && first.Length == 0))
                    continue;
                first = words[0] == "actornet" ? words[1] : first;
                Follow(root, words[0] == "actornet" ? words[1..] : words, seen);
            }
        }

        string[] missing = [.. Leaves(root).Where(c => !seen.Contains(c)).Select(PathOf)];
        Assert.True(missing.Length == 0, $"the README's table does not name: {string.Join(", ", missing)}");
    }

    [Fact]
    public void Each_command_in_the_blocks_is_understood()
    {
        int commands = 0;
        foreach (Match block in Block().Matches(Readme))
        {
            foreach (string line in block.Groups[1].Value.Split('\n').Where(static l => l.StartsWith("actornet ", StringComparison.Ordinal)))
            {
                commands++;
                ParseResult parsed = RootCommandFactory.Create().Parse(line["actornet ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
                Assert.True(parsed.Errors.Count == 0, $"{line}: {string.Join("; ", parsed.Errors.Select(static e => e.Message))}");
            }
        }

        Assert.True(commands >= 9, $"{commands} commands were found");
    }

    // Commands as far as words name them, then options.
    private static void Follow(RootCommand root, string[] words, HashSet<Command> seen)
    {
        Command at = root;
        foreach (string word in words)
        {
            if (at.Subcommands.FirstOrDefault(c => c.Name == word) is { } sub)
                at = sub;
            else if (word.Length > 1 && word[0] == '-')
                Assert.True(at.Options.Any(o => o.Name == word || o.Aliases.Contains(word)), $"actornet {string.Join(' ', words)}: {PathOf(at)} has no option {word}");
            else
                Assert.True(at != root, $"there is no command {word}");
        }

        seen.Add(at);
    }

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Hidden ? [] : command.Subcommands.Count == 0 || command.Action is not null ? [command, .. command.Subcommands.SelectMany(Leaves)] : command.Subcommands.SelectMany(Leaves);

    private static string PathOf(Symbol symbol) => symbol.Parents.FirstOrDefault() is { } parent ? $"{PathOf(parent)} {symbol.Name}" : "actornet";

    private static string Root()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "ActorNet.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("these tests run below the repository's root, where ActorNet.sln is");
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    // What a command in a namespace is given is not ours.
    [GeneratedRegex(@" -- .*$|\.\.\.")]
    private static partial Regex Beside();

    [GeneratedRegex(@"[\s\[\]|]+")]
    private static partial Regex Words();

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
