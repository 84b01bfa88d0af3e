using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>An object at a revision: the bytes that are stored, and on demand the document. Immutable: copy the document before changing it.</summary>
public sealed class ApiObject
{
    private readonly Lazy<JsonObject> _document;
    private JsonObject? _labels;
    private bool _hasLabels;

    /// <summary>An object from the store.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="stored">What <see cref="ObjectCodec.Encode"/> gave.</param>
    /// <param name="revision">The revision that it shows; 0: none, it is not stored.</param>
    public ApiObject(KindDescriptor kind, ReadOnlyMemory<byte> stored, long revision)
    {
        (Kind, Stored, Revision) = (kind, stored, revision);
        _document = new Lazy<JsonObject>(Read);
    }

    /// <summary>The kind.</summary>
    public KindDescriptor Kind { get; }

    /// <summary>The bytes in the store, without a resourceVersion.</summary>
    public ReadOnlyMemory<byte> Stored { get; }

    /// <summary>The revision; 0: none.</summary>
    public long Revision { get; }

    /// <summary>The document, with its resourceVersion. Not to be changed.</summary>
    public JsonObject Document => _document.Value;

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

    /// <summary>Writes the object as JSON, with its resourceVersion, without reading it.</summary>
    public void WriteTo(IBufferWriter<byte> writer) => ObjectCodec.Write(Kind, Stored.Span, Revision, writer);

    private JsonObject Read()
    {
        JsonObject document = JsonNode.Parse(Stored.Span)!.AsObject();
        if (Revision > 0)
            document.Ensure("metadata")["resourceVersion"] = Revision.ToString(CultureInfo.InvariantCulture);
        return document;
    }
}
