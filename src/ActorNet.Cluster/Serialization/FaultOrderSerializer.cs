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
public sealed class FaultOrderSerializer : Serializer
{
    /// <summary>The orders that travel; a new one is added here.</summary>
    private static readonly Type[] Orders =
    [
        typeof(CutControlLink), typeof(HealControlLink), typeof(DelayControlLink), typeof(ClearControlLinks),
        typeof(FaultOrderDone), typeof(FaultOrderRefused),
    ];

    /// <summary>The types inside orders.</summary>
    private static readonly Type[] Parts = [typeof(LinkDirection), typeof(TimeSpan), typeof(string), typeof(int), typeof(long), typeof(double), typeof(bool)];

    private readonly Hyperion.Serializer _hyperion = new(new SerializerOptions(
        versionTolerance: false,
        preserveObjectReferences: true,
        surrogates: null,
        serializerFactories: null,
        knownTypes: null,
        ignoreISerializable: true,
        packageNameOverrides: null,
        disallowUnsafeTypes: true,
        typeFilter: new FaultOrderTypeFilter([.. Orders, .. Parts])));

    private readonly Dictionary<Type, FaultOrderLayout> _layouts;

    /// <summary>Made by Akka, once per system.</summary>
    /// <param name="system">The system.</param>
    public FaultOrderSerializer(ExtendedActorSystem? system) : base(system) =>
        _layouts = Orders.ToDictionary(order => order, order => new FaultOrderLayout(order, Write));

    /// <inheritdoc/>
    public override int Identifier => 2102;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        if (obj is not IFaultOrder || !_layouts.TryGetValue(obj.GetType(), out FaultOrderLayout? layout))
            throw new SerializationException($"{obj?.GetType()} is no fault order that may travel: add it to {nameof(FaultOrderSerializer)}.");
        byte[] bytes = Write(obj);
        if (bytes.Length > WireLimits.MaximumMessageBytes)
            throw new SerializationException($"{obj.GetType().Name} has {bytes.Length} bytes; a message between hosts has at most {WireLimits.MaximumMessageBytes}.");
        return layout.Fits(bytes) ? bytes : throw new SerializationException($"{obj.GetType().Name} has a text that is null: an order gives all its texts.");
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length > WireLimits.MaximumMessageBytes)
            throw new SerializationException($"A fault order of {bytes.Length} bytes arrived; at most {WireLimits.MaximumMessageBytes} are accepted.");
        if (!_layouts.Values.Any(layout => layout.Fits(bytes)))
            throw new SerializationException("The bytes are no fault order: type and lengths do not fit together.");
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

    private byte[] Write(object order)
    {
        using MemoryStream stream = new();
        _hyperion.Serialize(order, stream);
        return stream.ToArray();
    }
}
