namespace ActorNet.Histories;

/// <summary>What is asked of a list, and what was answered. Every write has a token that no other has, so that each state tells its story.</summary>
public abstract record ListOperation
{
    /// <summary>The whole list.</summary>
    /// <param name="Seen">What was answered.</param>
    public sealed record Read(TokenList Seen) : ListOperation
    {
        public override string ToString() => $"read {Seen}";
    }

    /// <summary>A token is added at the end, whatever the list is.</summary>
    /// <param name="Token">The token.</param>
    /// <param name="Seen">The list that was answered, this token at its end; null: the answer did not tell, or there was none.</param>
    public sealed record Append(long Token, TokenList? Seen) : ListOperation
    {
        public override string ToString() => $"append {Token}{(Seen is null ? "" : $" makes {Seen}")}";
    }

    /// <summary>The list becomes one token, if it still is what the client has read.</summary>
    /// <param name="Expected">What was read.</param>
    /// <param name="Token">The token.</param>
    /// <param name="Succeeded">Whether it was answered that it did; null: there was no answer.</param>
    public sealed record CompareAndSet(TokenList Expected, long Token, bool? Succeeded) : ListOperation
    {
        public override string ToString() => $"if {Expected} then [{Token}]{Succeeded switch { true => "", false => " refused", _ => " ?" }}";
    }
}
