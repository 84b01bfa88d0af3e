using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>An object at a revision: the bytes that are stored, and on demand the document. Immutable: copy the document before changing it.</summary>
public sealed class ApiObject
{
    private readonly ReadOnlyMemory<byte> _stored;
    private readonly Lazy<ReadOnlyMemory<byte>>? _converted;
    private JsonObject? _document;
    private JsonObject? _labels;
    private bool _hasLabels;

    /// <summary>An object from the store.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="stored">What <see cref="ObjectCodec.Encode"/> gave.</param>
    /// <param name="revision">The revision that it shows; 0: none, it is not stored.</param>
    public ApiObject(KindDescriptor kind, ReadOnlyMemory<byte> stored, long revision)
    {
        (Kind, _stored, Revision) = (kind, stored, revision);
    }

    private ApiObject(KindDescriptor kind, Lazy<ReadOnlyMemory<byte>> converted, long revision) : this(kind, default(ReadOnlyMemory<byte>), revision)
    {
        _converted = converted;
    }

    /// <summary>An object from the store, in the form of a kind; where that is not the form it is kept in, it is made when it is asked for.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="kept">The bytes in the store.</param>
    /// <param name="revision">The revision that it shows.</param>
    public static ApiObject OfKept(KindDescriptor kind, ReadOnlyMemory<byte> kept, long revision)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.KeptAs is null ? new ApiObject(kind, kept, revision) : new ApiObject(kind, new Lazy<ReadOnlyMemory<byte>>(() => ObjectCodec.FromKept(kind, kept)), revision);
    }

    /// <summary>The kind.</summary>
    public KindDescriptor Kind { get; }

    /// <summary>The bytes as the store has them, but in the form of the kind; without a resourceVersion.</summary>
    public ReadOnlyMemory<byte> Stored => _converted is { } converted ? converted.Value : _stored;

    /// <summary>The revision; 0: none.</summary>
    public long Revision { get; }

    /// <summary>The document, with its resourceVersion. Not to be changed.</summary>
    public JsonObject Document => Volatile.Read(ref _document) ?? ReadOnce();

    /// <summary>metadata.labels, or null; read without the rest of the document. Not to be changed.</summary>
    public JsonObject? Labels
    {
        get
        {
            // Two that come first together read the same twice.
            if (!Volatile.Read(ref _hasLabels))
            {
                _labels = ObjectCodec.ReadLabels(Stored.Span);
                Volatile.Write(ref _hasLabels, true);
            }

            return _labels;
        }
    }

    /// <summary>metadata.name.</summary>
    public string Name => Document.Text("metadata.name");

    /// <summary>metadata.namespace, or empty.</summary>
    public string Namespace => Document.Text("metadata.namespace");

    /// <summary>How many bytes <see cref="WriteTo"/> writes.</summary>
    public int Length => ObjectCodec.LengthOf(Kind, Stored.Span, Revision);

    /// <summary>Writes the object as JSON, with its resourceVersion, without reading it.</summary>
    public void WriteTo(IBufferWriter<byte> writer) => ObjectCodec.Write(Kind, Stored.Span, Revision, writer);

    // Of two that come first together both read, and have what the first one read.
    private JsonObject ReadOnce()
    {
        JsonObject read = Read();
        return Interlocked.CompareExchange(ref _document, read, null) ?? read;
    }

    private JsonObject Read()
    {
        JsonObject document = JsonNode.Parse(Stored.Span)!.AsObject();
        if (Revision > 0)
            document.Ensure("metadata")["resourceVersion"] = Revision.ToString(CultureInfo.InvariantCulture);
        return document;
    }
}
