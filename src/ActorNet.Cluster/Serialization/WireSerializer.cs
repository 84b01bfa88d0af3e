using System.Runtime.Serialization;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Nodes;
using Akka.Actor;
using Akka.Serialization;
using MessagePack;
using MessagePack.Resolvers;

namespace ActorNet.Cluster.Serialization;

/// <summary>
/// MessagePack for every <see cref="IWireMessage"/>. Manifests end in the message's version; a manifest once shipped stays readable,
/// fields are only added at the end, readers ship before writers. Bytes of peers are untrusted: no type names, no compression,
/// bounded length and depth, and every message must say that it is well formed.
/// </summary>
public sealed class WireSerializer(ExtendedActorSystem? system) : SerializerWithStringManifest(system)
{
    /// <summary>Nothing we send nests deeper than message, list, entry.</summary>
    private const int MaximumDepth = 8;

    private static readonly MessagePackSerializerOptions Options = MessagePackSerializerOptions.Standard
        .WithResolver(StandardResolver.Instance)
        .WithCompression(MessagePackCompression.None)
        .WithSecurity(MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(MaximumDepth));

    /// <inheritdoc/>
    public override int Identifier => 2101;

    /// <inheritdoc/>
    public override string Manifest(object o) => o switch
    {
        JoinHello => "JH1",
        JoinAnswer => "JA1",
        RegisterNode => "RN1",
        NodeRegistered => "NA1",
        NodeRefused => "NX1",
        DeleteNode => "DN1",
        NodeDeleted => "ND1",
        ListNodes => "LN1",
        NodeList => "NL1",
        WatchFrom => "WF1",
        WatchReplay => "WR1",
        WatchExpired => "WX1",
        RegistryRecovering => "RR1",
        OfferNodes => "ON1",
        OffersTaken => "OT1",
        Bookmark => "BM1",
        NodeEvent => "NE1",
        DescribeHost => "DH1",
        HostDescribed => "HD1",
        AskAuthority => "AA1",
        AuthorityTold => "AT1",
        SignCertificate => "SC1",
        CertificateSigned => "CS1",
        CertificateRefused => "CX1",
        _ => throw new SerializationException($"{o?.GetType()} has no manifest: a message between hosts must be added to {nameof(WireSerializer)}."),
    };

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        byte[] bytes = obj switch
        {
            JoinHello message => MessagePackSerializer.Serialize(message, Options),
            JoinAnswer message => MessagePackSerializer.Serialize(message, Options),
            RegisterNode message => MessagePackSerializer.Serialize(message, Options),
            NodeRegistered message => MessagePackSerializer.Serialize(message, Options),
            NodeRefused message => MessagePackSerializer.Serialize(message, Options),
            DeleteNode message => MessagePackSerializer.Serialize(message, Options),
            NodeDeleted message => MessagePackSerializer.Serialize(message, Options),
            ListNodes message => MessagePackSerializer.Serialize(message, Options),
            NodeList message => MessagePackSerializer.Serialize(message, Options),
            WatchFrom message => MessagePackSerializer.Serialize(message, Options),
            WatchReplay message => MessagePackSerializer.Serialize(message, Options),
            WatchExpired message => MessagePackSerializer.Serialize(message, Options),
            RegistryRecovering message => MessagePackSerializer.Serialize(message, Options),
            OfferNodes message => MessagePackSerializer.Serialize(message, Options),
            OffersTaken message => MessagePackSerializer.Serialize(message, Options),
            Bookmark message => MessagePackSerializer.Serialize(message, Options),
            NodeEvent message => MessagePackSerializer.Serialize(message, Options),
            DescribeHost message => MessagePackSerializer.Serialize(message, Options),
            HostDescribed message => MessagePackSerializer.Serialize(message, Options),
            AskAuthority message => MessagePackSerializer.Serialize(message, Options),
            AuthorityTold message => MessagePackSerializer.Serialize(message, Options),
            SignCertificate message => MessagePackSerializer.Serialize(message, Options),
            CertificateSigned message => MessagePackSerializer.Serialize(message, Options),
            CertificateRefused message => MessagePackSerializer.Serialize(message, Options),
            _ => throw new SerializationException($"{obj?.GetType()} is no message between hosts."),
        };
        return bytes.Length <= WireLimits.MaximumMessageBytes ? bytes : throw new SerializationException(
            $"{obj.GetType().Name} has {bytes.Length} bytes; a message between hosts has at most {WireLimits.MaximumMessageBytes}: announce the object by key and let the other side fetch it.");
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length > WireLimits.MaximumMessageBytes)
            throw new SerializationException($"A message '{manifest}' of {bytes.Length} bytes arrived; at most {WireLimits.MaximumMessageBytes} are accepted.");
        return manifest switch
        {
            "JH1" => Read<JoinHello>(bytes),
            "JA1" => Read<JoinAnswer>(bytes),
            "RN1" => Read<RegisterNode>(bytes),
            "NA1" => Read<NodeRegistered>(bytes),
            "NX1" => Read<NodeRefused>(bytes),
            "DN1" => Read<DeleteNode>(bytes),
            "ND1" => Read<NodeDeleted>(bytes),
            "LN1" => Read<ListNodes>(bytes),
            "NL1" => Read<NodeList>(bytes),
            "WF1" => Read<WatchFrom>(bytes),
            "WR1" => Read<WatchReplay>(bytes),
            "WX1" => Read<WatchExpired>(bytes),
            "RR1" => Read<RegistryRecovering>(bytes),
            "ON1" => Read<OfferNodes>(bytes),
            "OT1" => Read<OffersTaken>(bytes),
            "BM1" => Read<Bookmark>(bytes),
            "NE1" => Read<NodeEvent>(bytes),
            "DH1" => Read<DescribeHost>(bytes),
            "HD1" => Read<HostDescribed>(bytes),
            "AA1" => Read<AskAuthority>(bytes),
            "AT1" => Read<AuthorityTold>(bytes),
            "SC1" => Read<SignCertificate>(bytes),
            "CS1" => Read<CertificateSigned>(bytes),
            "CX1" => Read<CertificateRefused>(bytes),
            _ => throw new SerializationException($"Manifest '{manifest}' is not known to this version."),
        };
    }

    private static T Read<T>(byte[] bytes) where T : class, IWireMessage
    {
        T message;
        try
        {
            MessagePackReader reader = new(bytes);
            message = MessagePackSerializer.Deserialize<T>(ref reader, Options);
            if (message is not null && !reader.End)
                throw new SerializationException($"{bytes.Length - reader.Consumed} bytes follow the {typeof(T).Name}.");
        }
        catch (Exception exception) when (exception is MessagePackSerializationException or EndOfStreamException or ArgumentException or OverflowException or InvalidOperationException)
        {
            throw new SerializationException($"The bytes are no {typeof(T).Name}: {exception.Message}", exception);
        }
        string? defect = message is null ? "it is nil" : message.Defect();
        return defect is null ? message! : throw new SerializationException($"The {typeof(T).Name} is refused: {defect}.");
    }
}
