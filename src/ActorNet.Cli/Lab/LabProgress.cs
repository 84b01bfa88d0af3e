using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace ActorNet.Cli.Lab;

/// <summary>Shows how a lab comes to life: on a terminal a table that changes in place, elsewhere a line for each step.</summary>
internal static class LabProgress
{
    /// <summary>Does work and shows its progress.</summary>
    /// <typeparam name="T">What the work makes.</typeparam>
    /// <param name="hosts">The hosts, in the order to show.</param>
    /// <param name="work">The work.</param>
    public static async Task<T> ShowAsync<T>(IReadOnlyList<string> hosts, Func<ILabProgress, Task<T>> work)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Ansi)
            return await work(new Lines(hosts.Max(static h => h.Length))).ConfigureAwait(false);
        var rows = new Rows(hosts);
        return await AnsiConsole.Live(rows.Table).StartAsync(context =>
        {
            rows.Changed = context.Refresh;
            return work(rows);
        }).ConfigureAwait(false);
    }

    private static string Seconds(long since) => Stopwatch.GetElapsedTime(since).TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture);

    private sealed class Lines(int width) : ILabProgress
    {
        private readonly long _started = Stopwatch.GetTimestamp();

        public void Tell(string host, string state) => Console.WriteLine($"  {Seconds(_started),6}  {host.PadRight(width)}  {state}");
    }

    private sealed class Rows : ILabProgress
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private readonly IReadOnlyList<string> _hosts;
        private readonly Lock _lock = new();

        public Rows(IReadOnlyList<string> hosts)
        {
            _hosts = hosts;
            Table = new Table().NoBorder().AddColumns("HOST", "STATE", "AFTER");
            foreach (string host in hosts)
                Table.AddRow(host, "", "");
        }

        public Table Table { get; }

        public Action Changed { get; set; } = static () => { };

        public void Tell(string host, string state)
        {
            lock (_lock)
            {
                int row = _hosts.ToList().IndexOf(host);
                Table.UpdateCell(row, 1, Markup.Escape(state)).UpdateCell(row, 2, Seconds(_started));
                Changed();
            }
        }
    }
}
