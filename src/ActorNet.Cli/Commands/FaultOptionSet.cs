using System.CommandLine;
using System.Globalization;
using ActorNet.Dataplane.Links;
using ActorNet.Kubernetes.Faults;

namespace ActorNet.Cli.Commands;

/// <summary>The options of `fault add`, and the order that they make.</summary>
internal sealed class FaultOptionSet
{
    private readonly Option<string?> _peer = Text("--peer", "The far node of flannel.1 or of a control link. Default: all peers of flannel.1", "NODE");
    private readonly Option<string?> _direction = Text("--direction", "egress, ingress or both, seen from the device. Default: both, so a delay counts twice in a round trip", "WAY");
    private readonly Option<string?> _seed = Text("--seed", "Whole number that decides every fate with place, flow and ordinal. Default: drawn and printed", "N");
    private readonly Option<string?> _duration = Text("--duration", "The fault goes by itself after this time: 500ms, 30s, 2m. Default: at `fault clear`", "TIME");
    private readonly Option<bool> _cut = new("--cut") { Description = "Nothing passes" };
    private readonly Option<string?> _loss = Text("--loss", "Share of frames lost at random: 1%, 0.5%", "SHARE");
    private readonly Option<string?> _correlation = Text("--loss-correlation", "How much a frame's loss follows the one before it in its flow: 25%", "SHARE");
    private readonly Option<string?> _burst = Text("--burst", "Loss in bursts (Gilbert-Elliott): chance to enter and to leave the bad state, then the loss in it (100%) and outside (0%): 1%,25%", "P,R[,B[,G]]");
    private readonly Option<string?> _delay = Text("--delay", "Delay of each frame, up to 60s: 20ms, 1500us", "TIME");
    private readonly Option<string?> _jitter = Text("--jitter", "Variation of the delay; frames may overtake each other by it: 5ms", "TIME");
    private readonly Option<string?> _distribution = Text("--distribution", "Shape of the jitter: uniform, normal, pareto, paretonormal. Default: uniform", "SHAPE");
    private readonly Option<string?> _duplicate = Text("--duplicate", "Share of frames that come twice: 1%", "SHARE");
    private readonly Option<string?> _reorder = Text("--reorder", "Share of frames that do not wait for the --delay and overtake those that do: 2%", "SHARE");
    private readonly Option<string?> _corrupt = Text("--corrupt", "Share of frames in which one bit is flipped: 0.1%", "SHARE");
    private readonly Option<string?> _rate = Text("--rate", "Bits per second of Ethernet frames, in bit, kbit, mbit or gbit of 1000 steps: 10mbit", "RATE");
    private readonly Option<string?> _mtu = Text("--mtu", "Longer IP packets vanish without a word, in bytes: 1400", "BYTES");

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            _peer, _direction, _seed, _duration, _cut, _loss, _correlation, _burst, _delay, _jitter, _distribution, _duplicate, _reorder, _corrupt, _rate, _mtu,
        })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads the order.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="link">LINK.</param>
    /// <exception cref="UsageException">It makes no sense; the message names option, value and what is expected.</exception>
    public FaultOrder Read(ParseResult result, string link)
    {
        int colon = link.IndexOf(':', StringComparison.Ordinal);
        var order = new FaultOrder
        {
            Target = colon < 0 ? link : link[..colon],
            Device = colon < 0 ? "" : link[(colon + 1)..],
            Peer = result.GetValue(_peer),
            Direction = Value(result, _direction, ReadDirection, "give egress, ingress or both.", FaultDirection.Both),
            Duration = result.GetValue(_duration) is null ? null : Time(result, _duration),
            Impairment = new ImpairmentSettings
            {
                // Drawn here and printed, so that whoever saw something can have it again.
                Seed = Value(result, _seed, ReadSeed, $"give a whole number from 0 to {ulong.MaxValue}.", (ulong)Random.Shared.Next(1, 1_000_000)),
                Cut = result.GetValue(_cut),
                Loss = Share(result, _loss),
                LossCorrelation = Share(result, _correlation),
                Burst = Value<BurstLoss?>(result, _burst, FaultText.TryReadBurst, "give two to four shares, as 1%,25%: to enter and to leave the bad state, the loss in it and outside of it.", null),
                Delay = Time(result, _delay),
                Jitter = Time(result, _jitter),
                Distribution = Value(result, _distribution, FaultText.TryReadDistribution, "give uniform, normal, pareto or paretonormal.", JitterDistribution.Uniform),
                Duplicate = Share(result, _duplicate),
                Reorder = Share(result, _reorder),
                Corrupt = Share(result, _corrupt),
                Rate = Value(result, _rate, FaultText.TryReadRate, FaultText.RateExpected, 0L),
                Mtu = Value(result, _mtu, ReadMtu, $"give {FaultRules.MinimumMtu} to 65535 bytes, as 1400.", 0),
            },
        };
        return FaultRules.Problem(order) is { } problem ? throw new UsageException(problem) : order;
    }

    private static Option<string?> Text(string name, string description, string value) => new(name) { Description = description, HelpName = value };

    private static double Share(ParseResult result, Option<string?> option) => Value(result, option, FaultText.TryReadShare, FaultText.ShareExpected, 0.0);

    private static TimeSpan Time(ParseResult result, Option<string?> option) => Value(result, option, FaultText.TryReadTime, FaultText.TimeExpected, TimeSpan.Zero);

    private static T Value<T>(ParseResult result, Option<string?> option, TryRead<T> read, string expected, T absent) => result.GetValue(option) switch
    {
        null => absent,
        string text => read(text, out T value) ? value : throw new UsageException($"{option.Name} {text}: {expected}"),
    };

    private static bool ReadDirection(string text, out FaultDirection direction) =>
        Enum.TryParse(text, ignoreCase: true, out direction) && direction.ToString().Equals(text, StringComparison.OrdinalIgnoreCase);

    private static bool ReadSeed(string text, out ulong seed) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);

    private static bool ReadMtu(string text, out int mtu) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mtu) && mtu is >= FaultRules.MinimumMtu and <= 65_535;

    private delegate bool TryRead<T>(string text, out T value);
}
