using System.Buffers.Binary;
using System.Net;
using System.Text;
using ActorNet.Kubernetes.Storage;
using DotNext.Buffers;
using DotNext.Net.Cluster.Consensus.Raft.Membership;

namespace ActorNet.Cluster.Stores;

/// <summary>The names of the members as the log last agreed on them, in a file.</summary>
internal sealed class StoreMembers : PersistentClusterConfigurationStorage<EndPoint>
{
    // The library tells members apart by end points. A name with one and the same port is one, and where its host is stays out of the log.
    private const int NoPort = 1;

    private readonly string _file;

    public StoreMembers(string file)
        : base(file) => _file = file;

    /// <summary>A member as the library knows it.</summary>
    public static DnsEndPoint EndPointOf(string name) => new(name, NoPort);

    /// <summary>A member's name.</summary>
    /// <exception cref="ArgumentException">The end point was not made by <see cref="EndPointOf"/>.</exception>
    public static string NameOf(EndPoint member) =>
        member is DnsEndPoint dns ? dns.Host : throw new ArgumentException($"{member} does not name a member of the store", nameof(member));

    /// <summary>The names on disk.</summary>
    /// <param name="remedy">What to do when they cannot be read, for people.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreDamagedException">What is there is no list of names.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(string remedy, CancellationToken cancel)
    {
        try
        {
            string[] names = [.. (await ((IClusterConfigurationStorage<EndPoint>)this).LoadConfigurationAsync(cancel).ConfigureAwait(false)).Members.Select(NameOf)];
            return names.Length > 0 || !File.Exists(_file) ? names : throw new InvalidDataException("it names none");
        }
        catch (Exception broken) when (broken is not (OperationCanceledException or UnauthorizedAccessException or StoreException) && (broken is not IOException || broken is EndOfStreamException))
        {
            throw new StoreDamagedException($"{_file}, which says who the members of the store are, cannot be read ({broken.Message}). {remedy}", broken);
        }
    }

    // All names stand in one run of bytes, so each says how long it is.
    /// <inheritdoc/>
    protected override void Encode(EndPoint address, ref BufferWriterSlim<byte> output)
    {
        byte[] name = Encoding.UTF8.GetBytes(NameOf(address));
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)name.Length);
        output.Write(length);
        output.Write(name);
    }

    /// <inheritdoc/>
    protected override EndPoint Decode(ref SequenceReader reader)
    {
        byte[] name = new byte[reader.ReadBigEndian<ushort>()];
        reader.Read(name);
        return EndPointOf(Encoding.UTF8.GetString(name));
    }
}
