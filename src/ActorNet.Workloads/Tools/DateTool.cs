using System.Globalization;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>date [-uR] [-I[SPEC]] [-d TIME | -r FILE] [+FORMAT]: prints the emulator's time and never sets it.</summary>
internal sealed class DateTool : Tool
{
    protected override string Name => "date";

    protected override string Usage => "date [-uR] [-I[SPEC]] [-d TIME | -r FILE] [+FMT]";

    protected override string Options => "ud:r:RI::s:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string? format = options.Words.Count > 0 && options.Words[0].StartsWith('+') ? options.Words[0][1..] : null;
        DateTimeOffset time = Time(run, options);
        if (options.Words.Skip(format is null ? 0 : 1).FirstOrDefault() is { } other)
            throw Fail($"invalid date '{other}'");
        if (options.Has('s'))
            throw Fail("can't set date: Operation not permitted");
        format ??= options.Has('R') ? "%a, %d %b %Y %H:%M:%S %z" : options.Value('I') is { } detail ? Iso(detail, time) : "%a %b %e %H:%M:%S %Z %Y";
        await run.Out.WriteTextAsync(DateText.Format(time, format) + "\n").ConfigureAwait(false);
        return 0;
    }

    private DateTimeOffset Time(ToolRun run, ToolOptions options)
    {
        DateTimeOffset now = run.Context.Time.GetUtcNow();
        if (options.Value('r') is { } file)
        {
            try
            {
                return run.Context.Files.Stat(run.Path(file)).Modified;
            }
            catch (FileException e)
            {
                throw Fail($"can't stat '{file}': {e.Message}");
            }
        }

        return options.Value('d') is not { } text ? now : DateText.TryParse(text, now, out DateTimeOffset given) ? given : throw Fail($"invalid date '{text}'");
    }

    private static string Iso(string detail, DateTimeOffset time) => detail switch
    {
        "" or "date" => "%Y-%m-%d",
        "hours" => "%Y-%m-%dT%H+00:00",
        "minutes" => "%Y-%m-%dT%H:%M+00:00",
        "seconds" => "%Y-%m-%dT%H:%M:%S+00:00",
        "ns" => $"%Y-%m-%dT%H:%M:%S,{(time.Ticks % TimeSpan.TicksPerSecond * 100).ToString("000000000", CultureInfo.InvariantCulture)}+00:00",
        _ => throw Misuse(),
    };
}
