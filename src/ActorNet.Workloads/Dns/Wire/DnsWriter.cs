using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace ActorNet.Workloads.Dns.Wire;

/// <summary>Writes messages (RFC 1035 4.1) with compressed names. What does not fit is left out, record by record from the end, with TC set for answers (RFC 2181 9).</summary>
internal sealed class DnsWriter
{
    private const int HeaderLength = 12, MaxPointer = 0x3FFF, OptLength = 11;

    private readonly byte[] _bytes;
    private readonly Dictionary<DnsName, int> _places = new(new SameBytes());
    private readonly int _limit;
    private int _at;

    private DnsWriter(int limit, int reserved)
    {
        _bytes = new byte[limit];
        _limit = limit - reserved;
    }

    /// <summary>Writes a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="limit">The longest that it may be, in bytes; at least 512.</param>
    public static byte[] Write(DnsMessage message, int limit = ushort.MaxValue)
    {
        int extension = message.Edns is { } edns ? OptLength + (edns.Options.IsDefault ? 0 : edns.Options.Length) : 0;
        var writer = new DnsWriter(Math.Max(limit, DnsMessage.PlainSize), extension) { _at = HeaderLength };
        foreach (DnsQuestion question in message.Questions)
            writer.Put(question);
        (int answers, int authorities, int additional) = (writer.Put(message.Answers), 0, 0);
        bool isCut = answers < message.Answers.Length;
        if (!isCut)
        {
            authorities = writer.Put(message.Authorities);
            isCut = authorities < message.Authorities.Length;
        }

        // Records that were only offered may be missing without a word.
        if (!isCut)
            additional = writer.Put(message.Additional);
        if (message.Edns is { } spoken)
            writer.Put(spoken, message.Code);
        writer.PutHeader(message, isCut, answers, authorities, additional + (extension > 0 ? 1 : 0));
        return writer._bytes[..writer._at];
    }

    private void PutHeader(DnsMessage message, bool isCut, int answers, int authorities, int additional)
    {
        int flags = (message.IsResponse ? 0x8000 : 0) | ((message.Opcode & 0xF) << 11) | (message.IsAuthoritative ? 0x400 : 0) | (message.IsTruncated || isCut ? 0x200 : 0)
            | (message.RecursionDesired ? 0x100 : 0) | (message.RecursionAvailable ? 0x80 : 0) | (message.IsAuthentic ? 0x20 : 0) | (message.CheckingDisabled ? 0x10 : 0) | ((int)message.Code & 0xF);
        ReadOnlySpan<int> words = [message.Id, flags, message.Questions.Length, answers, authorities, additional];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(2 * i), (ushort)words[i]);
    }

    private void Put(DnsQuestion question)
    {
        PutName(question.Name, compress: true);
        PutUInt16((ushort)question.Type);
        PutUInt16(question.Class);
    }

    private int Put(ImmutableArray<DnsRecord> records)
    {
        for (int i = 0; i < records.Length; i++)
        {
            int before = _at;
            // An upper bound is enough: close to the limit one more or less does not matter.
            if (Bound(records[i]) > _limit - before)
                return i;
            Put(records[i]);
        }

        return records.Length;
    }

    private static int Bound(DnsRecord record) => record.Name.WireLength + 10 + record.Data switch
    {
        DnsData.Address => 4,
        DnsData.Target target => target.Name.WireLength,
        DnsData.Service service => 6 + service.Host.WireLength,
        DnsData.Authority soa => 20 + soa.Server.WireLength + soa.Mailbox.WireLength,
        DnsData.Text text => text.Strings.Sum(static each => each.Length + 1),
        DnsData.Mail mail => 2 + mail.Host.WireLength,
        DnsData.Opaque opaque => opaque.Bytes.Length,
        _ => 0,
    };

    private void Put(DnsRecord record)
    {
        PutName(record.Name, compress: true);
        PutUInt16((ushort)record.Type);
        PutUInt16(record.Class);
        PutUInt32(record.Ttl);
        int length = _at;
        PutUInt16(0);
        PutData(record.Data);
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(length), (ushort)(_at - length - 2));
    }

    private void PutData(DnsData data)
    {
        switch (data)
        {
            case DnsData.Address address:
                PutUInt32(address.Value.Value);
                break;
            case DnsData.Target target:
                PutName(target.Name, compress: true);
                break;
            case DnsData.Service service:
                PutUInt16(service.Priority);
                PutUInt16(service.Weight);
                PutUInt16(service.Port);
                // RFC 2782: never compressed.
                PutName(service.Host, compress: false);
                break;
            case DnsData.Authority soa:
                PutName(soa.Server, compress: true);
                PutName(soa.Mailbox, compress: true);
                foreach (uint number in (ReadOnlySpan<uint>)[soa.Serial, soa.Refresh, soa.Retry, soa.Expire, soa.Minimum])
                    PutUInt32(number);
                break;
            case DnsData.Text text:
                foreach (string each in text.Strings)
                {
                    _bytes[_at++] = (byte)each.Length;
                    _at += Encoding.Latin1.GetBytes(each, _bytes.AsSpan(_at));
                }

                break;
            case DnsData.Mail mail:
                PutUInt16(mail.Preference);
                PutName(mail.Host, compress: true);
                break;
            case DnsData.Opaque opaque:
                opaque.Bytes.CopyTo(_bytes, _at);
                _at += opaque.Bytes.Length;
                break;
        }
    }

    private void Put(DnsExtension edns, DnsCode code)
    {
        _bytes[_at++] = 0;
        PutUInt16((ushort)DnsType.OPT);
        PutUInt16(edns.Size);
        PutUInt32(((uint)((int)code >> 4) << 24) | ((uint)edns.Version << 16) | (edns.DnssecOk ? 0x8000u : 0));
        ImmutableArray<byte> options = edns.Options.IsDefault ? [] : edns.Options;
        PutUInt16((ushort)options.Length);
        options.CopyTo(_bytes, _at);
        _at += options.Length;
    }

    private void PutName(DnsName name, bool compress)
    {
        for (int i = 0; i < name.Count; i++)
        {
            DnsName rest = i == 0 ? name : name.Skip(i);
            if (compress && _places.TryGetValue(rest, out int place))
            {
                PutUInt16((ushort)(0xC000 | place));
                return;
            }

            if (_at <= MaxPointer)
                _places.TryAdd(rest, _at);
            string label = name.Labels[i];
            _bytes[_at++] = (byte)label.Length;
            _at += Encoding.Latin1.GetBytes(label, _bytes.AsSpan(_at));
        }

        _bytes[_at++] = 0;
    }

    private void PutUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(_at), value);
        _at += 2;
    }

    private void PutUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(_at), value);
        _at += 4;
    }

    // A pointer keeps the case of what it leads to: only to the same bytes.
    private sealed class SameBytes : IEqualityComparer<DnsName>
    {
        public bool Equals(DnsName x, DnsName y) => x.IsSame(y);

        public int GetHashCode(DnsName obj) => obj.GetHashCode();
    }
}
