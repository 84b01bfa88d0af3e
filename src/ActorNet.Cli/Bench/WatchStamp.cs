using System.Buffers.Text;
using System.Globalization;

namespace ActorNet.Cli.Bench;

/// <summary>What an event of `bench control` carries: the phase it belongs to and when its write was sent, by the clock that all processes of a machine share.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="Ticks">The time, as <see cref="TimeProvider.GetTimestamp"/> gives it.</param>
internal readonly record struct WatchStamp(int Phase, long Ticks)
{
    /// <summary>The key in the ConfigMap's data.</summary>
    public const string Key = "sent";

    private static ReadOnlySpan<byte> Mark => "\"sent\":\""u8;

    /// <summary>The value in the ConfigMap's data.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Phase}-{Ticks}");

    /// <summary>Finds it in a line of a watch.</summary>
    public static bool TryFind(ReadOnlySpan<byte> line, out WatchStamp stamp)
    {
        stamp = default;
        int at = line.IndexOf(Mark);
        if (at < 0)
            return false;
        ReadOnlySpan<byte> value = line[(at + Mark.Length)..];
        if (!Utf8Parser.TryParse(value, out int phase, out int used) || used >= value.Length || value[used] != (byte)'-' || !Utf8Parser.TryParse(value[(used + 1)..], out long ticks, out _))
            return false;
        stamp = new WatchStamp(phase, ticks);
        return true;
    }
}
