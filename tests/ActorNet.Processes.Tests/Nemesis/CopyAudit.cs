using System.Collections.Concurrent;
using System.Globalization;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>
/// What hosts said that their copies of the store were made of, up to which entry of the log. All are made of one log: two that name an entry have one
/// fingerprint there, whenever they said so.
/// </summary>
internal sealed class CopyAudit
{
    private readonly ConcurrentDictionary<long, (string Hash, string Host)> _told = new();
    private readonly ConcurrentDictionary<string, bool> _violations = new(StringComparer.Ordinal);

    /// <summary>Copies that were not those of one log, each as a sentence.</summary>
    public IReadOnlyCollection<string> Violations => [.. _violations.Keys];

    /// <summary>Different entries that a fingerprint is known of.</summary>
    public int Entries => _told.Count;

    /// <summary>Takes what a host says: INDEX:HASH, or null where it does not know.</summary>
    public void Told(string host, string? copy)
    {
        if (copy is null)
            return;
        int colon = copy.IndexOf(':', StringComparison.Ordinal);
        long index = long.Parse(copy.AsSpan(0, colon), CultureInfo.InvariantCulture);
        string hash = copy[(colon + 1)..];
        (string Hash, string Host) first = _told.GetOrAdd(index, (hash, host));
        if (first.Hash != hash)
            _violations.TryAdd($"the copy of {host} has the fingerprint {hash} at entry {index}, that of {first.Host} had {first.Hash}", true);
    }
}
