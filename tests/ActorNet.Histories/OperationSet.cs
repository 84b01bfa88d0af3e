namespace ActorNet.Histories;

/// <summary>Which operations of a history have a place: a bit each, compared by value.</summary>
internal sealed class OperationSet : IEquatable<OperationSet>
{
    private readonly ulong[] _bits;

    /// <summary>Makes an empty set.</summary>
    /// <param name="size">How many operations there are.</param>
    public OperationSet(int size) => _bits = new ulong[(size + 63) / 64];

    private OperationSet(ulong[] bits) => _bits = bits;

    public void Add(int operation) => _bits[operation / 64] |= 1UL << (operation % 64);

    public void Remove(int operation) => _bits[operation / 64] &= ~(1UL << (operation % 64));

    public OperationSet Copy() => new([.. _bits]);

    public bool Equals(OperationSet? other) => other is not null && _bits.AsSpan().SequenceEqual(other._bits);

    public override bool Equals(object? obj) => Equals(obj as OperationSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_bits.AsSpan()));
        return hash.ToHashCode();
    }
}
