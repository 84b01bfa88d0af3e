using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Wire;

/// <summary>A running tcpdump on one device of a namespace, writing a pcap file that is removed with the object.</summary>
public sealed partial class PacketCapture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _tcpdump;
    private readonly List<string> _said = [];

    private PacketCapture(Process tcpdump, string file)
    {
        _tcpdump = tcpdump;
        File = file;
    }

    /// <summary>The pcap file; complete after <see cref="StopAsync"/>.</summary>
    public string File { get; }

    /// <summary>Starts a capture and returns when the kernel delivers packets to it.</summary>
    /// <param name="ns">The namespace of the device.</param>
    /// <param name="device">The device, such as <c>eth0</c>.</param>
    /// <param name="filter">A filter in pcap-filter(7) syntax; everything when empty.</param>
    /// <param name="snapLength">How many bytes of each packet are kept; 0 for all.</param>
    public static async Task<PacketCapture> StartAsync(NetworkNamespace ns, string device, string filter = "", int snapLength = 0)
    {
        ArgumentNullException.ThrowIfNull(ns);
        ArgumentNullException.ThrowIfNull(filter);
        Need.Tool("tcpdump");
        string file = Path.Combine(Path.GetTempPath(), $"{ns.Name}-{device}-{Guid.NewGuid():N}.pcap");
        // -Z root: without it some distributions' tcpdump gives up root before it opens the file.
        Process tcpdump = ns.Start(["tcpdump", "-i", device, "-n", "-U", "--immediate-mode", "-B", "16384", "-Z", "root", "-w", file,
            "-s", snapLength.ToString(CultureInfo.InvariantCulture),
            .. filter.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        var capture = new PacketCapture(tcpdump, file);
        try
        {
            await capture.ReadUntilAsync(line => line.Contains("listening on", StringComparison.Ordinal));
        }
        catch
        {
            await capture.DisposeAsync();
            throw;
        }
        return capture;
    }

    /// <summary>
    /// Ends the capture and returns when everything that the kernel had delivered by then is in the file. A capture that lost packets
    /// is an exception: it could not tell what was on the wire.
    /// </summary>
    public async Task StopAsync()
    {
        // On SIGUSR1 tcpdump says how many packets the kernel gave to the socket and how many it has written: wait until these are equal.
        Statistics statistics;
        do
        {
            await SignalAsync("USR1");
            string line = await ReadUntilAsync(each => StatisticsLine().IsMatch(each));
            statistics = Statistics.Parse(StatisticsLine().Match(line));
        }
        while (statistics.Captured < statistics.Received);
        await SignalAsync("INT");
        using var bound = new CancellationTokenSource(Patience);
        await _tcpdump.WaitForExitAsync(bound.Token);
        Assert.True(statistics.Dropped == 0, $"tcpdump lost {statistics.Dropped} packets: the machine is too busy for this capture");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        ProcessRunner.Kill(_tcpdump);
        _tcpdump.Dispose();
        System.IO.File.Delete(File);
        return ValueTask.CompletedTask;
    }

    private async Task SignalAsync(string signal)
    {
        string pid = _tcpdump.Id.ToString(CultureInfo.InvariantCulture);
        (await ProcessRunner.RunAsync(["kill", $"-{signal}", pid])).EnsureSuccess();
    }

    private async Task<string> ReadUntilAsync(Predicate<string> match)
    {
        using var bound = new CancellationTokenSource(Patience);
        try
        {
            while (await _tcpdump.StandardError.ReadLineAsync(bound.Token) is { } line)
            {
                _said.Add(line);
                if (match(line))
                    return line;
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below with what it said.
        }
        throw new CommandFailedException($"tcpdump did not answer within {Patience.TotalSeconds} s; it said:\n{string.Join('\n', _said)}");
    }

    [GeneratedRegex(@"(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped by kernel")]
    private static partial Regex StatisticsLine();

    private readonly record struct Statistics(int Captured, int Received, int Dropped)
    {
        public static Statistics Parse(Match match) => new(Number(match, 1), Number(match, 2), Number(match, 3));

        private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }
}
