using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using DotNext.Buffers;
using DotNext.Net.Cluster.Consensus.Raft.Membership;

namespace ActorNet.Cluster.Stores;

/// <summary>The list of members as the log last agreed on it, on disk, each as "NAME:PORT".</summary>
/// <param name="file">The file.</param>
internal sealed class StoreMembers(string file) : PersistentClusterConfigurationStorage<EndPoint>(file)
{
    /// <inheritdoc/>
    protected override void Encode(EndPoint address, ref BufferWriterSlim<byte> output) => output.Write(Encoding.UTF8.GetBytes(Text(address)));

    /// <inheritdoc/>
    protected override EndPoint Decode(ref SequenceReader reader)
    {
        string text = Encoding.UTF8.GetString(reader.RemainingSequence.ToArray());
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw new StoreDamagedException($"'{text}' in the list of the store's members is no NAME:PORT");
        return new DnsEndPoint(text[..colon], port);
    }

    private static string Text(EndPoint address) => address is DnsEndPoint dns
        ? string.Create(CultureInfo.InvariantCulture, $"{dns.Host}:{dns.Port}")
        : throw new ArgumentException($"a member of the store is named NAME:PORT, not {address}", nameof(address));
}
