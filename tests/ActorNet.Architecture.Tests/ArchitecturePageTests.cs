using System.Text.RegularExpressions;

namespace ActorNet.Architecture.Tests;

/// <summary>Every name on the architecture page can be found by searching the source: types, members and texts in code without comments, files as paths.</summary>
public sealed partial class ArchitecturePageTests
{
    private static readonly Lazy<Sources> Code = new(Sources.Read);

    [Fact]
    public void Every_name_on_the_architecture_page_is_in_the_source()
    {
        string[] names = Names(File.ReadAllText(Path.Combine(Repository.Root, "src", "README.md")));
        // Reading nothing must not pass: these stand on any page that describes this house.
        Assert.Superset(new HashSet<string> { "BridgeActor", "flanneld", "pod-", "NextDeadline", "ActorNet.Dataplane/Bridging" }, names.ToHashSet());
        Assert.Equal([], names.Where(name => !Code.Value.Has(name)));
    }

    [Theory]
    [InlineData("`NoSuchBridge.Input` switches.", "NoSuchBridge")]
    [InlineData("`Bridge.NoSuchMember` switches.", "NoSuchMember")]
    [InlineData("Its folder is `ActorNet.Dataplane/NoSuchFolder`.", "ActorNet.Dataplane/NoSuchFolder")]
    [InlineData("An actor `no-such-actor`.", "no-such-actor")]
    [InlineData("```\nnode\n  <node>   NodeActor\n    no-such-actor   RootActor\n```", "no-such-actor")]
    [InlineData("```\nnode              control\n  uplink   NoSuchActor    x\n```", "NoSuchActor")]
    public void A_name_that_is_nowhere_is_found(string page, string missing) =>
        Assert.Equal([missing], Names(page).Where(name => !Code.Value.Has(name)));

    [Fact]
    public void A_name_in_a_comment_alone_is_not_in_the_source()
    {
        Sources sources = new("""
            /// <summary>OnlyInDocumentation.</summary>
            int real = 5; // OnlyBehindCode
            string text = "a-name // that-stays";
            """);
        Assert.True(sources.Has("real") && sources.Has("a-name") && sources.Has("that-stays"));
        Assert.False(sources.Has("OnlyInDocumentation") || sources.Has("OnlyBehindCode") || sources.Has("rea"));
    }

    /// <summary>What a page names: each part of its code spans; in its blocks the first word of a line and every word of several humps.</summary>
    private static string[] Names(string page)
    {
        var names = new List<string>();
        string prose = Block().Replace(page, block =>
        {
            foreach (string line in block.Groups[1].Value.Split('\n'))
                names.AddRange(InBlock(line));
            return "";
        });
        foreach (Match span in Span().Matches(prose))
            names.AddRange(InSpan(span.Groups[1].Value));
        return [.. names.Distinct()];
    }

    private static IEnumerable<string> InBlock(string line)
    {
        Match first = FirstWord().Match(line);
        if (first.Success)
            yield return first.Groups[1].Value.Split('<')[0];
        foreach (Match word in Humps().Matches(line))
            yield return word.Value;
    }

    // A path is one name; of the rest, a.B(x).C is three.
    private static IEnumerable<string> InSpan(string span) =>
        span.Contains('/', StringComparison.Ordinal) ? [span] : PartOfSpan().Matches(span).Select(word => word.Value);

    [GeneratedRegex("(?s)```[a-z]*\n(.*?)```")]
    private static partial Regex Block();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Span();

    // An actor's name, a project's; all capitals head a part of the block.
    [GeneratedRegex("^ *([a-z][a-z0-9.-]*[a-z0-9<-]|ActorNet\\.[A-Za-z]+)")]
    private static partial Regex FirstWord();

    [GeneratedRegex("\\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+\\b")]
    private static partial Regex Humps();

    // flannel.1 is one name, Bridge.Input two.
    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_-]*(?:\\.[0-9]+)?")]
    private static partial Regex PartOfSpan();

    /// <summary>The source under src without comments, and the paths under it.</summary>
    private sealed partial class Sources
    {
        private readonly string _code;
        private readonly HashSet<string> _words;

        public Sources(string source)
        {
            _code = WithoutComments(source);
            _words = [.. Word().Matches(_code).Select(word => word.Value)];
        }

        public static Sources Read() => new(string.Join('\n', Repository.SourceProjects.Keys.SelectMany(Repository.SourceFiles).Select(File.ReadAllText)));

        public bool Has(string name)
        {
            if (name.Contains('/', StringComparison.Ordinal) || name.StartsWith("ActorNet.", StringComparison.Ordinal))
                return Path.Exists(Path.Combine(Repository.Root, "src", name)) || Path.Exists(Path.Combine(Repository.Root, name));
            // A name with a point or a dash in it stands in a text.
            return _words.Contains(name) || (!char.IsUpper(name[0]) && Whole(_code, name));
        }

        private static bool Whole(string text, string name)
        {
            for (int at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
            {
                int end = at + name.Length;
                bool begins = at == 0 || !IsPart(text[at - 1]);
                bool ends = name[^1] == '-' || end == text.Length || !IsPart(text[end]);
                if (begins && ends)
                    return true;
            }

            return false;
        }

        private static bool IsPart(char c) => char.IsLetterOrDigit(c) || c is '_' or '-';

        // A comment begins at two slashes outside of a text; texts over several lines hold none in our source.
        private static string WithoutComments(string text) => CommentOrText().Replace(text, match => match.Value[0] == '"' ? match.Value : "");

        [GeneratedRegex("\"(?:[^\"\\\\\n]|\\\\.)*\"|//[^\n]*")]
        private static partial Regex CommentOrText();

        [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*")]
        private static partial Regex Word();
    }
}
