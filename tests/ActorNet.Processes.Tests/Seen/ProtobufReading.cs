using Google.Protobuf;

namespace ActorNet.Processes.Tests.Seen;

/// <summary>A protobuf message by field numbers, read by Google's own decoder: whatever does not decode to its end throws.</summary>
internal sealed class ProtobufReading
{
    private readonly List<(int Field, byte[] Bytes)> _parts = [];

    public ProtobufReading(byte[] message)
    {
        var input = new CodedInputStream(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                _parts.Add((field, input.ReadBytes().ToByteArray()));
            else
                input.SkipLastField();
        }

        Assert.True(input.IsAtEnd);
    }

    public IEnumerable<ProtobufReading> Messages(int field) => _parts.Where(part => part.Field == field).Select(static part => new ProtobufReading(part.Bytes));

    public bool Has(int field) => _parts.Any(part => part.Field == field);

    public string Text(int field) => System.Text.Encoding.UTF8.GetString(Bytes(field));

    public byte[] Bytes(int field) => _parts.FirstOrDefault(part => part.Field == field).Bytes ?? [];
}
