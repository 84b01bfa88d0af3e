using System.Collections.Immutable;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Server;
using ActorNet.Workloads.Dns.Wire;
using CsCheck;

namespace ActorNet.Workloads.Tests.Dns;

/// <summary>DNS on the wire: RFC 1035, and what must hold of any bytes.</summary>
public sealed class DnsMessageTests
{
    private static readonly Gen<string> Label = Gen.Char[' ', 'ÿ'].Array[1, 20].Select(static chars => new string(chars));

    private static readonly Gen<DnsName> Name = Label.Array[0, 8].Select(static labels => new DnsName(labels));

    private static readonly Gen<DnsRecord> Record = Gen.Select(Name, Name, Gen.UInt, Gen.UShort, Gen.Int[0, 6]).Select(static (owner, other, number, small, kind) => kind switch
    {
        0 => DnsRecord.OfAddress(owner, new Ipv4Address(number), number),
        1 => new DnsRecord(owner, DnsType.CNAME, number, new DnsData.Target(other)),
        2 => new DnsRecord(owner, DnsType.SRV, number, new DnsData.Service(small, 1, 2, other)),
        3 => new DnsRecord(owner, DnsType.SOA, number, new DnsData.Authority(owner, other, number, 1, 2, 3, 4)),
        4 => new DnsRecord(owner, DnsType.MX, number, new DnsData.Mail(small, other)),
        5 => new DnsRecord(owner, DnsType.TXT, number, new DnsData.Text(["a\"b", "ÿ"])),
        _ => new DnsRecord(owner, (DnsType)999, number, new DnsData.Opaque([1, 2, 3])),
    });

    private static readonly Gen<DnsMessage> Message = Gen.Select(Gen.UShort, Name, Record.Array[0, 5], Record.Array[0, 3], Gen.Bool).Select(static (id, name, answers, additional, edns) => new DnsMessage
    {
        Id = id,
        IsResponse = true,
        IsAuthoritative = edns,
        RecursionDesired = !edns,
        Questions = [new DnsQuestion(name, DnsType.SRV)],
        Answers = [.. answers],
        Additional = [.. additional],
        Edns = edns ? new DnsExtension(1232, 0, true, [0, 10, 0, 2, 7, 7]) : null,
        Code = edns ? DnsCode.BadVersion : DnsCode.NameError,
    });

    /// <summary>RFC 1035 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40 as FOO and a pointer to 20, ARPA as a pointer to 26, the root.</summary>
    [Fact]
    public void Names_are_read_through_the_pointers_of_the_RFCs_example()
    {
        byte[] bytes = new byte[128];
        bytes[5] = 4;
        byte[] header = [.. "\u0001F\u0003ISI\u0004ARPA\0"u8];
        // The example's offsets stay, so what lies before the first name is a question for the root, twice.
        int at = 12;
        foreach (byte[] question in (byte[][])[[0, 0, 1, 0, 1], [.. header, 0, 1, 0, 1], [.. "\u0003FOO"u8, 0xC0, 17, 0, 1, 0, 1], [0xC0, 23, 0, 1, 0, 1]])
        {
            question.CopyTo(bytes, at);
            at += question.Length;
        }

        DnsMessage message = DnsReader.Read(bytes.AsSpan(0, at))!;

        Assert.Equal([".", "F.ISI.ARPA.", "FOO.F.ISI.ARPA.", "ARPA."], message.Questions.Select(static each => each.Name.ToString()));
    }

    [Fact]
    public void What_is_written_is_read_again() => Message.Sample(static message =>
    {
        DnsMessage read = DnsReader.Read(DnsWriter.Write(message))!;
        Assert.Equal(message.Id, read.Id);
        Assert.Equal((message.IsResponse, message.IsAuthoritative, message.RecursionDesired, message.Code), (read.IsResponse, read.IsAuthoritative, read.RecursionDesired, read.Code));
        Assert.Equal(message.Questions.AsEnumerable(), read.Questions.AsEnumerable());
        Assert.Equal(Text(message.Answers), Text(read.Answers));
        Assert.Equal(Text(message.Additional), Text(read.Additional));
        Assert.Equal((message.Edns?.Size, message.Edns?.DnssecOk, message.Edns?.Options.Length), (read.Edns?.Size, read.Edns?.DnssecOk, read.Edns?.Options.Length));
    }, iter: 2000);

    /// <summary>Whatever comes, there is a message or none, within what the bytes can hold; and a server does nothing worse than not to answer.</summary>
    [Fact]
    public void No_bytes_make_the_reader_or_the_server_fail()
    {
        var answerer = new DnsAnswerer(FakeCluster.File, FakeCluster.Create());
        Gen<byte[]> garbage = Gen.Byte.Array[0, 300];
        Gen<byte[]> damaged = Gen.Select(Message, Gen.Int[0, 1000], Gen.Byte, Gen.Int[0, 1000]).Select(static (message, place, value, length) =>
        {
            byte[] bytes = DnsWriter.Write(message with { IsResponse = false });
            bytes[place % bytes.Length] = value;
            return bytes[..Math.Max(0, bytes.Length - (length % 30))];
        });
        Gen.OneOf(garbage, damaged).Sample(bytes =>
        {
            if (DnsReader.Read(bytes) is { } message && answerer.Answer(message) is { } answer)
                Assert.True(DnsWriter.Write(answer, 512).Length <= 512 + DnsName.MaxLength);
        }, iter: 20_000);
    }

    [Fact]
    public void A_pointer_that_leads_nowhere_or_round_is_no_name()
    {
        foreach (byte[] name in (byte[][])[[0xC0, 12], [0xC0, 13], [0xC0, 200], [1, 65, 0xC0, 12], [0x40, 1], [0x80], [63]])
            Assert.Null(DnsReader.Read([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name, 0, 1, 0, 1]));
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a\\")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123.x")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DnsName.TryParse(text, out _));

    private static string[] Text(ImmutableArray<DnsRecord> records) => [.. records.Select(static each => $"{each.Name} {each.Type} {each.Ttl} {ActorNet.Workloads.Dns.Tools.DnsText.Of(each.Data)}")];
}
