using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace ActorNet.Cli.Host.Journal;

/// <summary>
/// What a host says while it runs: lines for a person, or with --log-format json one JSON object a line: time (RFC 3339), level, host, node, the pod that it is
/// about if it is about one, source, message. For any thread.
/// </summary>
/// <param name="host">The host's name, which is its node's too.</param>
/// <param name="isJson">Which of both.</param>
/// <param name="output">Where to; null: the standard output, whatever that is at the time.</param>
/// <param name="time">The clock.</param>
internal sealed class HostJournal(string host, bool isJson, TextWriter? output, TimeProvider time) : ILogger
{
    private const string OwnSource = "actornet";

    private static readonly JsonSerializerOptions Compact = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Whether lines are JSON.</summary>
    public bool IsJson => isJson;

    /// <summary>Something that a person should know.</summary>
    /// <param name="text">A sentence without the host's name.</param>
    public void Say(string text) => Write(new JournalEntry(time.GetUtcNow(), LogLevel.Information, OwnSource, text));

    /// <summary>A line that begins with the host's name, as "n1 is ready: ...".</summary>
    /// <param name="text">What follows the name.</param>
    public void Announce(string text) => WriteLine(isJson ? Json(new JournalEntry(time.GetUtcNow(), LogLevel.Information, OwnSource, $"{host} {text}")) : $"{host} {text}");

    /// <summary>Writes an entry.</summary>
    /// <param name="entry">The entry.</param>
    public void Write(JournalEntry entry) => WriteLine(isJson ? Json(entry) : $"{host}: {entry.Message}");

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (IsEnabled(logLevel))
            Write(new JournalEntry(time.GetUtcNow(), logLevel, OwnSource, exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception}"));
    }

    private string Json(JournalEntry entry) => JsonSerializer.Serialize(
        new Line(entry.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture), NameOf(entry.Level), host, host, entry.Pod, entry.Source, entry.Message), Compact);

    private void WriteLine(string line) => (output ?? Console.Out).WriteLine(line);

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Warning => "warning",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "info",
    };

    private sealed record Line(string Time, string Level, string Host, string Node, string? Pod, string Source, string Message);
}
