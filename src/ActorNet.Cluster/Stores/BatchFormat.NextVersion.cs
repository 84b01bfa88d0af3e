#if NEXT_VERSION
using MessagePack;

namespace ActorNet.Cluster.Stores;

// One field more, as the next version may have: which version wrote the entry.
internal static partial class BatchFormat
{
    /// <summary>What the added field says: tests find the entries by it.</summary>
    private const string Writer = "written-by-the-next-version";

    static partial void CountAdded(ref int fields) => fields++;

    static partial void WriteAdded(ref MessagePackWriter writer) => writer.Write(Writer);

    // The version before does not write it.
    static partial void ReadAdded(ref MessagePackReader reader, ref int fields)
    {
        if (fields == 0)
            return;
        TextOf(ref reader);
        fields--;
    }
}
#endif
