using System.Runtime.Serialization;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Stores.Hosts;
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
        WatchFrom => "WF2",
        WatchReplay => "WR2",
        WatchExpired => "WX1",
        OffersTaken => "OT1",
        Bookmark => "BM2",
        ObjectEvent => "OE1",
        ListObjects => "LO1",
        ObjectPage => "OP1",
        FetchObject => "FO1",
        ObjectPiece => "PC1",
        ApiRecovering => "AR1",
        OfferObjects => "OO1",
        ApiCall => "AC1",
        ApiAnswer => "AW1",
        DescribeHost => "DH1",
        HostDescribed => "HD1",
        AskAuthority => "AA1",
        AuthorityTold => "AT1",
        SignCertificate => "SC1",
        CertificateSigned => "CS1",
        CertificateRefused => "CX1",
        AskAuthorityKey => "AK1",
        AuthorityKeySealed => "KS1",
        TellStore => "TS1",
        _ => throw new SerializationException($"{o?.GetType()} has no manifest: a message between hosts must be added to {nameof(WireSerializer)}."),
    };

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        byte[] bytes = obj switch
        {
            JoinHello message => MessagePackSerializer.Serialize(message, Options),
            JoinAnswer message => MessagePackSerializer.Serialize(message, Options),
            WatchFrom message => MessagePackSerializer.Serialize(message, Options),
            WatchReplay message => MessagePackSerializer.Serialize(message, Options),
            WatchExpired message => MessagePackSerializer.Serialize(message, Options),
            OffersTaken message => MessagePackSerializer.Serialize(message, Options),
            Bookmark message => MessagePackSerializer.Serialize(message, Options),
            ObjectEvent message => MessagePackSerializer.Serialize(message, Options),
            ListObjects message => MessagePackSerializer.Serialize(message, Options),
            ObjectPage message => MessagePackSerializer.Serialize(message, Options),
            FetchObject message => MessagePackSerializer.Serialize(message, Options),
            ObjectPiece message => MessagePackSerializer.Serialize(message, Options),
            ApiRecovering message => MessagePackSerializer.Serialize(message, Options),
            OfferObjects message => MessagePackSerializer.Serialize(message, Options),
            ApiCall message => MessagePackSerializer.Serialize(message, Options),
            ApiAnswer message => MessagePackSerializer.Serialize(message, Options),
            DescribeHost message => MessagePackSerializer.Serialize(message, Options),
            HostDescribed message => MessagePackSerializer.Serialize(message, Options),
            AskAuthority message => MessagePackSerializer.Serialize(message, Options),
            AuthorityTold message => MessagePackSerializer.Serialize(message, Options),
            AskAuthorityKey message => MessagePackSerializer.Serialize(message, Options),
            AuthorityKeySealed message => MessagePackSerializer.Serialize(message, Options),
            SignCertificate message => MessagePackSerializer.Serialize(message, Options),
            CertificateSigned message => MessagePackSerializer.Serialize(message, Options),
            CertificateRefused message => MessagePackSerializer.Serialize(message, Options),
            TellStore message => MessagePackSerializer.Serialize(message, Options),
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
            "WF2" => Read<WatchFrom>(bytes),
            "WR2" => Read<WatchReplay>(bytes),
            "WX1" => Read<WatchExpired>(bytes),
            "OT1" => Read<OffersTaken>(bytes),
            "BM2" => Read<Bookmark>(bytes),
            "OE1" => Read<ObjectEvent>(bytes),
            "LO1" => Read<ListObjects>(bytes),
            "OP1" => Read<ObjectPage>(bytes),
            "FO1" => Read<FetchObject>(bytes),
            "PC1" => Read<ObjectPiece>(bytes),
            "AR1" => Read<ApiRecovering>(bytes),
            "OO1" => Read<OfferObjects>(bytes),
            "AC1" => Read<ApiCall>(bytes),
            "AW1" => Read<ApiAnswer>(bytes),
            "DH1" => Read<DescribeHost>(bytes),
            "HD1" => Read<HostDescribed>(bytes),
            "AA1" => Read<AskAuthority>(bytes),
            "AT1" => Read<AuthorityTold>(bytes),
            "AK1" => Read<AskAuthorityKey>(bytes),
            "KS1" => Read<AuthorityKeySealed>(bytes),
            "SC1" => Read<SignCertificate>(bytes),
            "CS1" => Read<CertificateSigned>(bytes),
            "CX1" => Read<CertificateRefused>(bytes),
            "TS1" => Read<TellStore>(bytes),
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
