using System.Text.RegularExpressions;

namespace ActorNet.Architecture.Tests;

/// <summary>The core takes time, chance and threads from outside and keeps nothing in static fields. Read from its source, line by line.</summary>
public sealed partial class CorePurityTests
{
    [Fact]
    public void The_core_reads_no_clock_draws_no_chance_and_starts_no_thread()
    {
        AssertNone(Findings(ClockChanceOrThread()));
    }

    [Fact]
    public void The_core_has_no_static_field_that_can_change()
    {
        AssertNone(Findings(MutableStatic()));
    }

    [Fact]
    public void The_core_opens_no_socket_file_or_process()
    {
        AssertNone(Findings(OutsideWorld()));
    }

    [Theory]
    [InlineData("var now = DateTime.UtcNow;")]
    [InlineData("DateTimeOffset.Now.Ticks")]
    [InlineData("long t = Stopwatch.GetTimestamp();")]
    [InlineData("long t = Environment.TickCount64;")]
    [InlineData("int n = Random.Shared.Next();")]
    [InlineData("var r = new Random(5);")]
    [InlineData("Guid id = Guid.NewGuid();")]
    [InlineData("Thread.Sleep(5);")]
    [InlineData("_ = Task.Run(Work);")]
    public void The_scan_finds_clocks_chance_and_threads(string line) => Assert.Matches(ClockChanceOrThread(), Code(line));

    [Theory]
    [InlineData("    private static int _count;")]
    [InlineData("    internal static long Total = 5;")]
    [InlineData("    public static FramePool? Shared { get; set; }")]
    [InlineData("    private static readonly Dictionary<int, string> Seen = new();")]
    [InlineData("    private static readonly List<int> Seen = [];")]
    [InlineData("    [ThreadStatic]")]
    public void The_scan_finds_static_state(string line) => Assert.Matches(MutableStatic(), Code(line));

    [Theory]
    [InlineData("    private const int Limit = 5;")]
    [InlineData("    private static readonly int Limit = 5;")]
    [InlineData("    public static MacAddress Broadcast => new(1);")]
    [InlineData("    public static Instant Never { get; } = new(long.MaxValue);")]
    [InlineData("    private static int Count(int a) => a;")]
    [InlineData("    private static ReadOnlySpan<byte> Zeros => [0, 0];")]
    [InlineData("    public static int Sum(int a, int b = 5)")]
    [InlineData("    // A private static int _count; would be state.")]
    [InlineData("    public static bool operator ==(Instant a, Instant b) => a.Equals(b);")]
    [InlineData("    private static readonly FrozenDictionary<int, string> Names = Build();")]
    public void The_scan_leaves_constants_and_methods_alone(string line) => Assert.DoesNotMatch(MutableStatic(), Code(line));

    private static IEnumerable<string> Findings(Regex pattern) =>
        from project in ProjectReferenceTests.Core
        from file in Repository.SourceFiles(project)
        from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
        where pattern.IsMatch(Code(line.Text))
        select $"{Repository.Relative(file)}:{line.Number}: {line.Text.Trim()}";

    private static void AssertNone(IEnumerable<string> findings)
    {
        string all = string.Join('\n', findings);
        Assert.True(all.Length == 0, all);
    }

    /// <summary>A line without string literals and its comment.</summary>
    private static string Code(string line) => Comment().Replace(StringLiteral().Replace(line, "\"\""), "");

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex StringLiteral();

    [GeneratedRegex(@"//.*$")]
    private static partial Regex Comment();

    // MonotonicClock may wrap TimeProvider, never TimeProvider.System itself.
    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b|\bStopwatch\b|\bEnvironment\.TickCount|\bTimeProvider\.System\b|\bnew Random\b|\bRandom\.Shared\b|\bRandomNumberGenerator\b|\bGuid\.(NewGuid|CreateVersion7)\b|\bThread\.(?!MemoryBarrier)|\bnew Thread\b|\bThreadPool\b|\bTask\.(Run|Delay|Factory)\b|\bnew Timer\b")]
    private static partial Regex ClockChanceOrThread();

    // A static field without readonly or const; a static property with a setter; a static collection that can be filled.
    [GeneratedRegex(@"\bstatic\b(?!.*\b(readonly|const|class|struct|record|partial|extern|operator|delegate|event|using|abstract)\b)[^(){}=;]+(;|=(?!>))|\bstatic\b[^(){}=;]*\{[^}]*\bset;|\bstatic readonly (?:\w+\.)*(List|Dictionary|HashSet|Queue|Stack|SortedDictionary|SortedSet|LinkedList|PriorityQueue|ThreadLocal|AsyncLocal|Concurrent\w+|ConditionalWeakTable)<|\[ThreadStatic\]|\bstatic event\b")]
    private static partial Regex MutableStatic();

    [GeneratedRegex(@"\bnew (Socket|UdpClient|TcpClient|TcpListener|HttpClient|FileStream)\b|\bFile\.(Open|Read|Write|Create|Append|Delete)|\bProcess\.Start\b|\bConsole\.")]
    private static partial Regex OutsideWorld();
}
