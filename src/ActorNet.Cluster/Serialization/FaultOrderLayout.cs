using System.Buffers.Binary;
using System.Reflection;

namespace ActorNet.Cluster.Serialization;

/// <summary>
/// The byte layout Hyperion gives one flat order type, learned once by writing it with empty and with one-letter texts. Hyperion
/// believes every length it reads and allocates it, up to 2 GB for a few hostile bytes: so lengths are checked here before it reads.
/// An order is a flat record: texts, and values of fixed size.
/// </summary>
internal sealed class FaultOrderLayout
{
    /// <summary>Marks a text of 254 bytes or more: its length follows as an int32.</summary>
    private const byte LongText = 0xff;

    private readonly byte[] _empty;
    private readonly int[] _texts;
    private readonly (int At, int Length)[] _manifests;

    public FaultOrderLayout(Type order, Func<object, byte[]> write)
    {
        ConstructorInfo make = order.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length)!;
        ParameterInfo[] parameters = make.GetParameters();
        _empty = write(make.Invoke([.. parameters.Select(parameter => Value(parameter, ""))]));
        _texts = [.. parameters.Where(parameter => parameter.ParameterType == typeof(string)).Select(text =>
            FirstDifference(_empty, write(make.Invoke([.. parameters.Select(parameter => Value(parameter, parameter == text ? "a" : ""))]))))
            .Order()];
        _manifests = [.. Manifests(_empty)];
    }

    /// <summary>Whether the bytes are exactly one order of this type as far as lengths go.</summary>
    public bool Fits(ReadOnlySpan<byte> bytes)
    {
        int shift = 0;
        int manifest = 0;
        foreach (int text in _texts)
        {
            for (; manifest < _manifests.Length && _manifests[manifest].At < text; manifest++)
            {
                if (!HasManifest(bytes, _manifests[manifest], shift))
                    return false;
            }
            int at = text + shift;
            if (at >= bytes.Length)
                return false;
            // 0 is null, which no order has; 1 the empty text; then length + 1.
            if (bytes[at] == 0)
                return false;
            if (bytes[at] != LongText)
            {
                shift += bytes[at] - 1;
                continue;
            }
            if (bytes.Length - at < 1 + sizeof(int))
                return false;
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[(at + 1)..]);
            if (length < 0 || length > bytes.Length)
                return false;
            shift += sizeof(int) + length;
        }
        for (; manifest < _manifests.Length; manifest++)
        {
            if (!HasManifest(bytes, _manifests[manifest], shift))
                return false;
        }
        return bytes.Length == _empty.Length + shift;
    }

    private bool HasManifest(ReadOnlySpan<byte> bytes, (int At, int Length) manifest, int shift) =>
        bytes.Length >= manifest.At + shift + manifest.Length
        && bytes.Slice(manifest.At + shift, manifest.Length).SequenceEqual(_empty.AsSpan(manifest.At, manifest.Length));

    /// <summary>
    /// Where type names are, of the order and of values inside it: a mark, the name's length as an int32, the name. All values
    /// are zero when the layout is learned, so nothing else looks like one.
    /// </summary>
    private static IEnumerable<(int At, int Length)> Manifests(byte[] empty)
    {
        for (int at = 0; at + 1 + sizeof(int) < empty.Length; at++)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(empty.AsSpan(at + 1));
            if (empty[at] != LongText || length <= 0 || length > empty.Length - at - 1 - sizeof(int))
                continue;
            yield return (at, 1 + sizeof(int) + length);
            at += sizeof(int) + length;
        }
    }

    private static int FirstDifference(ReadOnlySpan<byte> empty, ReadOnlySpan<byte> longer) => empty.CommonPrefixLength(longer);

    private static object? Value(ParameterInfo parameter, string text) =>
        parameter.ParameterType == typeof(string) ? text
        : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType)
        : throw new InvalidOperationException($"{parameter.Member.DeclaringType?.Name}.{parameter.Name} is neither a text nor a value of fixed size: an order is a flat record.");
}
