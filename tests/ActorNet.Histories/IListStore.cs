namespace ActorNet.Histories;

/// <summary>Lists as a client sees them. What a call throws tells whether it may have had an effect: <see cref="NotDoneException"/> that it had none.</summary>
public interface IListStore
{
    /// <summary>The list as it is now.</summary>
    Task<ListVersion> ReadAsync(string key, CancellationToken cancel);

    /// <summary>Adds a token at the end, whatever the list is.</summary>
    /// <returns>The list behind it.</returns>
    Task<ListVersion> AppendAsync(string key, long token, CancellationToken cancel);

    /// <summary>Makes the list one token, if nobody changed it since it was read.</summary>
    /// <returns>The list behind it, or null: it was refused, as somebody did.</returns>
    Task<ListVersion?> CompareAndSetAsync(ListVersion expected, long token, CancellationToken cancel);
}

/// <summary>An operation surely had no effect, and never will have one.</summary>
public sealed class NotDoneException(string message, Exception? cause = null) : Exception(message, cause);
