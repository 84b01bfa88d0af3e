using Google.Protobuf;

namespace ActorNet.Cluster.Links;

/// <summary>
/// Reads who is calling from the first message of an inbound association. The TCP source port is ephemeral, so only Akka's own
/// handshake says which member it is (akka.net src/protobuf/WireFormats.proto: AkkaProtocolMessage.instruction = 2,
/// AkkaControlMessage.handshakeInfo = 2, AkkaHandshakeInfo.origin = 1, AddressData.hostname = 2 and port = 3).
/// </summary>
internal static class HandshakePeek
{
    private const int LengthDelimited = 2;

    public static ControlEndpoint? Origin(ByteString payload)
    {
        try
        {
            return Field(payload, 2) is { } instruction
                && Field(instruction, 2) is { } handshake
                && Field(handshake, 1) is { } address ? Endpoint(address) : null;
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ByteString? Field(ByteString message, int number)
    {
        using CodedInputStream input = message.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == number && (int)WireFormat.GetTagWireType(tag) == LengthDelimited)
                return input.ReadBytes();
            input.SkipLastField();
        }
        return null;
    }

    private static ControlEndpoint? Endpoint(ByteString address)
    {
        string? host = null;
        uint port = 0;
        using CodedInputStream input = address.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == WireFormat.MakeTag(2, WireFormat.WireType.LengthDelimited))
                host = input.ReadString();
            else if (tag == WireFormat.MakeTag(3, WireFormat.WireType.Varint))
                port = input.ReadUInt32();
            else
                input.SkipLastField();
        }
        return string.IsNullOrEmpty(host) || port is 0 or > 65535 ? null : new ControlEndpoint(host, (int)port);
    }
}
