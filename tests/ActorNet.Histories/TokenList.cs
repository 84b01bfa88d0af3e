using System.Collections.Immutable;

namespace ActorNet.Histories;

/// <summary>A list of tokens, compared by value.</summary>
/// <param name="Tokens">The tokens, the oldest first.</param>
public sealed record TokenList(ImmutableArray<long> Tokens)
{
    /// <summary>Makes one.</summary>
    public static TokenList Of(params ReadOnlySpan<long> tokens) => new([.. tokens]);

    public bool Equals(TokenList? other) => other is not null && Tokens.AsSpan().SequenceEqual(other.Tokens.AsSpan());

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (long token in Tokens)
            hash.Add(token);
        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(' ', Tokens)}]";
}
