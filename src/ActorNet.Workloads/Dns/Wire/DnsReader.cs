using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using ActorNet.Packets;

namespace ActorNet.Workloads.Dns.Wire;

/// <summary>Reads messages (RFC 1035 4.1). Bytes from anywhere: whatever they are, there is a message or none, and no look further back than once.</summary>
internal ref struct DnsReader
{
    private const int HeaderLength = 12;

    // A record takes at least a root, type, class, ttl and length: no message has more.
    private const int MinRecord = 11, MinQuestion = 5;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    private DnsReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message.</summary>
    /// <param name="bytes">The whole of it.</param>
    /// <returns>Null: it is none.</returns>
    public static DnsMessage? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength)
            return null;
        var reader = new DnsReader(bytes) { _at = HeaderLength };
        return reader.Read(out DnsMessage? message) ? message : null;
    }

    private bool Read(out DnsMessage? message)
    {
        message = null;
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);
        int Count(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
        if (!ReadQuestions(Count(_bytes, 4), out ImmutableArray<DnsQuestion> questions)
            || !ReadRecords(Count(_bytes, 6), out ImmutableArray<DnsRecord> answers)
            || !ReadRecords(Count(_bytes, 8), out ImmutableArray<DnsRecord> authorities)
            || !ReadRecords(Count(_bytes, 10), out ImmutableArray<DnsRecord> additional))
        {
            return false;
        }

        DnsRecord? opt = additional.FirstOrDefault(static record => record.Type == DnsType.OPT);
        message = new DnsMessage
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(_bytes),
            IsResponse = (flags & 0x8000) != 0,
            Opcode = (flags >> 11) & 0xF,
            IsAuthoritative = (flags & 0x400) != 0,
            IsTruncated = (flags & 0x200) != 0,
            RecursionDesired = (flags & 0x100) != 0,
            RecursionAvailable = (flags & 0x80) != 0,
            IsAuthentic = (flags & 0x20) != 0,
            CheckingDisabled = (flags & 0x10) != 0,
            Code = (DnsCode)((flags & 0xF) | (opt is null ? 0 : (int)((opt.Ttl >> 24) << 4))),
            Questions = questions,
            Answers = answers,
            Authorities = authorities,
            Additional = opt is null ? additional : additional.RemoveAll(static record => record.Type == DnsType.OPT),
            Edns = opt is null ? null : new DnsExtension(opt.Class, (byte)(opt.Ttl >> 16), (opt.Ttl & 0x8000) != 0, ((DnsData.Opaque)opt.Data).Bytes),
        };
        return true;
    }

    private bool ReadQuestions(int count, out ImmutableArray<DnsQuestion> questions)
    {
        questions = [];
        if (count * MinQuestion > _bytes.Length - _at)
            return false;
        var list = ImmutableArray.CreateBuilder<DnsQuestion>(count);
        for (int i = 0; i < count; i++)
        {
            if (!ReadName(out DnsName name) || !ReadUInt16(out ushort type) || !ReadUInt16(out ushort @class))
                return false;
            list.Add(new DnsQuestion(name, (DnsType)type, @class));
        }

        questions = list.ToImmutable();
        return true;
    }

    private bool ReadRecords(int count, out ImmutableArray<DnsRecord> records)
    {
        records = [];
        if (count * MinRecord > _bytes.Length - _at)
            return false;
        var list = ImmutableArray.CreateBuilder<DnsRecord>(count);
        for (int i = 0; i < count; i++)
        {
            if (!ReadName(out DnsName name) || !ReadUInt16(out ushort type) || !ReadUInt16(out ushort @class) || !ReadUInt32(out uint ttl) || !ReadUInt16(out ushort length)
                || length > _bytes.Length - _at)
            {
                return false;
            }

            int end = _at + length;
            DnsData? data = ReadData((DnsType)type, end);
            if (data is null || _at != end)
                return false;
            list.Add(new DnsRecord(name, (DnsType)type, ttl, data) { Class = @class });
        }

        records = list.ToImmutable();
        return true;
    }

    private DnsData? ReadData(DnsType type, int end)
    {
        switch (type)
        {
            case DnsType.A:
                return ReadUInt32(out uint address) ? new DnsData.Address(new Ipv4Address(address)) : null;
            case DnsType.NS or DnsType.CNAME or DnsType.PTR:
                return ReadName(out DnsName target) ? new DnsData.Target(target) : null;
            case DnsType.MX:
                return ReadUInt16(out ushort preference) && ReadName(out DnsName mail) ? new DnsData.Mail(preference, mail) : null;
            case DnsType.SRV:
                return ReadUInt16(out ushort priority) && ReadUInt16(out ushort weight) && ReadUInt16(out ushort port) && ReadName(out DnsName host)
                    ? new DnsData.Service(priority, weight, port, host) : null;
            case DnsType.SOA:
                return ReadName(out DnsName server) && ReadName(out DnsName mailbox) && ReadUInt32(out uint serial) && ReadUInt32(out uint refresh) && ReadUInt32(out uint retry)
                    && ReadUInt32(out uint expire) && ReadUInt32(out uint minimum) ? new DnsData.Authority(server, mailbox, serial, refresh, retry, expire, minimum) : null;
            case DnsType.TXT:
                return ReadText(end);
            default:
                ImmutableArray<byte> bytes = [.. _bytes[_at..end]];
                _at = end;
                return new DnsData.Opaque(bytes);
        }
    }

    private DnsData.Text? ReadText(int end)
    {
        var strings = ImmutableArray.CreateBuilder<string>();
        while (_at < end)
        {
            int length = _bytes[_at++];
            if (length > end - _at)
                return null;
            strings.Add(Encoding.Latin1.GetString(_bytes.Slice(_at, length)));
            _at += length;
        }

        return new DnsData.Text(strings.ToImmutable());
    }

    // A pointer leads to before the place where it stands, and each one further back than the last: it ends.
    private bool ReadName(out DnsName name)
    {
        name = default;
        var labels = new List<string>();
        int at = _at, total = 1, before = _at;
        bool jumped = false;
        while (true)
        {
            if (at >= _bytes.Length)
                return false;
            int length = _bytes[at++];
            if (length == 0)
                break;
            if ((length & 0xC0) == 0xC0)
            {
                if (at >= _bytes.Length)
                    return false;
                int target = ((length & 0x3F) << 8) | _bytes[at++];
                if (!jumped)
                    _at = at;
                if (target >= before)
                    return false;
                (jumped, at, before) = (true, target, target);
                continue;
            }

            total += length + 1;
            if ((length & 0xC0) != 0 || length > _bytes.Length - at || total > DnsName.MaxLength)
                return false;
            labels.Add(Encoding.Latin1.GetString(_bytes.Slice(at, length)));
            at += length;
        }

        if (!jumped)
            _at = at;
        name = labels.Count == 0 ? DnsName.Root : new DnsName([.. labels]);
        return true;
    }

    private bool ReadUInt16(out ushort value)
    {
        value = 0;
        if (_bytes.Length - _at < 2)
            return false;
        value = BinaryPrimitives.ReadUInt16BigEndian(_bytes[_at..]);
        _at += 2;
        return true;
    }

    private bool ReadUInt32(out uint value)
    {
        value = 0;
        if (_bytes.Length - _at < 4)
            return false;
        value = BinaryPrimitives.ReadUInt32BigEndian(_bytes[_at..]);
        _at += 4;
        return true;
    }
}
