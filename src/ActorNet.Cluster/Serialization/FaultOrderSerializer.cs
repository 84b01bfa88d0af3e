using System.Runtime.Serialization;
using ActorNet.Cluster.Links;
using Akka.Actor;
using Hyperion;
using Serializer = Akka.Serialization.Serializer;

namespace ActorNet.Cluster.Serialization;

/// <summary>
/// Hyperion for <see cref="IFaultOrder"/>: rich records that change often, only between hosts of one version (joining checks it),
/// never stored, never on a hot path. Only the types listed here are written or made.
/// </summary>
public sealed class FaultOrderSerializer(ExtendedActorSystem? system) : Serializer(system)
{
    /// <summary>The orders themselves and every type inside them; a new order is added here.</summary>
    private static readonly Type[] Allowed =
    [
        typeof(CutControlLink), typeof(HealControlLink), typeof(DelayControlLink), typeof(ClearControlLinks),
        typeof(FaultOrderDone), typeof(FaultOrderRefused),
        typeof(LinkDirection), typeof(TimeSpan), typeof(string), typeof(int), typeof(long), typeof(double), typeof(bool),
    ];

    private readonly Hyperion.Serializer _hyperion = new(new SerializerOptions(
        versionTolerance: false,
        preserveObjectReferences: true,
        surrogates: null,
        serializerFactories: null,
        knownTypes: null,
        ignoreISerializable: true,
        packageNameOverrides: null,
        disallowUnsafeTypes: true,
        typeFilter: new FaultOrderTypeFilter(Allowed)));

    /// <inheritdoc/>
    public override int Identifier => 2102;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        if (obj is not IFaultOrder || Array.IndexOf(Allowed, obj.GetType()) < 0)
            throw new SerializationException($"{obj?.GetType()} is no fault order that may travel: add it to {nameof(FaultOrderSerializer)}.");
        using MemoryStream stream = new();
        _hyperion.Serialize(obj, stream);
        return stream.Length <= WireLimits.MaximumMessageBytes ? stream.ToArray() : throw new SerializationException(
            $"{obj.GetType().Name} has {stream.Length} bytes; a message between hosts has at most {WireLimits.MaximumMessageBytes}.");
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length > WireLimits.MaximumMessageBytes)
            throw new SerializationException($"A fault order of {bytes.Length} bytes arrived; at most {WireLimits.MaximumMessageBytes} are accepted.");
        try
        {
            using MemoryStream stream = new(bytes, writable: false);
            return _hyperion.Deserialize(stream) is IFaultOrder order ? order : throw new SerializationException("The bytes are no fault order.");
        }
        catch (Exception exception) when (exception is not (SerializationException or OutOfMemoryException))
        {
            // Hyperion throws whatever its readers meet in hostile bytes.
            throw new SerializationException($"The bytes are no fault order: {exception.Message}", exception);
        }
    }
}
