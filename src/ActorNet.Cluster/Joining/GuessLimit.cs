using System.Net;

namespace ActorNet.Cluster.Joining;

/// <summary>
/// Bounds how often tokens may be guessed: a secret has 82 bits, so what it keeps small is the work, for the API too. An address that showed wrong ones is not
/// heard for the rest of the minute, and when very many have, no new one is. For any thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class GuessLimit(TimeProvider time)
{
    /// <summary>How often an address may be wrong within a <see cref="Window"/>.</summary>
    public const int MostWrong = 10;

    /// <summary>How many addresses are remembered.</summary>
    public const int MostAddresses = 1024;

    /// <summary>After this time all is forgiven.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _wrong = [];
    private long _began = time.GetTimestamp();

    /// <summary>How long an address is not heard; zero: it is.</summary>
    /// <param name="from">The address.</param>
    public TimeSpan Wait(IPAddress from)
    {
        lock (_lock)
        {
            TimeSpan age = time.GetElapsedTime(_began);
            if (age >= Window)
            {
                _wrong.Clear();
                _began = time.GetTimestamp();
                return TimeSpan.Zero;
            }

            bool isKnown = _wrong.TryGetValue(from, out int wrong);
            return wrong >= MostWrong || (!isKnown && _wrong.Count >= MostAddresses) ? Window - age : TimeSpan.Zero;
        }
    }

    /// <summary>An address showed a token that does not count.</summary>
    /// <param name="from">The address.</param>
    public void Wrong(IPAddress from)
    {
        lock (_lock)
        {
            if (_wrong.TryGetValue(from, out int wrong) || _wrong.Count < MostAddresses)
                _wrong[from] = wrong + 1;
        }
    }
}
