namespace ActorNet.Kubernetes.Storage;

/// <summary>A half-open range of keys in the order of their bytes, as etcd's key and range_end.</summary>
/// <param name="Start">The first key.</param>
/// <param name="End">The key behind the last one; null: to the end of the store.</param>
public readonly record struct KeyRange(string Start, string? End)
{
    /// <summary>Every key.</summary>
    public static KeyRange All => new("", null);

    /// <summary>One key.</summary>
    public static KeyRange Single(string key) => new(key, key + '\0');

    /// <summary>Every key that begins so.</summary>
    /// <param name="prefix">A non-empty beginning whose last character is below U+FFFF.</param>
    public static KeyRange Prefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return new KeyRange(prefix, prefix[..^1] + (char)(prefix[^1] + 1));
    }

    /// <summary>The same range without what lies before a key: how a list goes on behind its last page.</summary>
    public KeyRange From(string key) => string.CompareOrdinal(key, Start) > 0 ? this with { Start = key } : this;

    /// <summary>True when the key lies in the range.</summary>
    public bool Contains(string key) => string.CompareOrdinal(key, Start) >= 0 && (End is null || string.CompareOrdinal(key, End) < 0);

    /// <summary>True when some key could lie in both.</summary>
    public bool Overlaps(KeyRange other) =>
        (End is null || string.CompareOrdinal(other.Start, End) < 0) && (other.End is null || string.CompareOrdinal(Start, other.End) < 0);
}
