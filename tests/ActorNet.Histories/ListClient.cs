namespace ActorNet.Histories;

/// <summary>What became of an operation.</summary>
public enum OperationOutcome
{
    /// <summary>It was answered.</summary>
    Answered,

    /// <summary>A comparison was refused.</summary>
    Refused,

    /// <summary>It surely was not done.</summary>
    NotDone,

    /// <summary>Nobody knows.</summary>
    Unknown,
}

/// <summary>One client: does an operation after the other, by chance, and records each.</summary>
/// <param name="number">Its number; no two clients have one.</param>
/// <param name="history">Where it is recorded.</param>
/// <param name="random">Chance.</param>
public sealed class ListClient(int number, HistoryRecorder history, Random random)
{
    // Longer ones are replaced: the length of a list is what its search costs.
    private const int LongList = 24;

    private readonly Dictionary<string, ListVersion> _read = new(StringComparer.Ordinal);
    private long _tokens;

    /// <summary>Whether what it was answered last was a write that was done.</summary>
    public bool WroteLast { get; private set; }

    /// <summary>Does one operation.</summary>
    public async Task<OperationOutcome> StepAsync(IListStore store, string key, CancellationToken cancel)
    {
        if (!_read.TryGetValue(key, out ListVersion? read) || random.Next(10) < 4)
            return await ReadAsync(store, key, cancel).ConfigureAwait(false);
        return read.List.Tokens.Length > LongList || random.Next(2) == 0
            ? await CompareAndSetAsync(store, read, cancel).ConfigureAwait(false)
            : await AppendAsync(store, key, cancel).ConfigureAwait(false);
    }

    /// <summary>Reads a list. Without an answer there is nothing to record.</summary>
    public async Task<OperationOutcome> ReadAsync(IListStore store, string key, CancellationToken cancel)
    {
        long call = history.Call();
        try
        {
            Saw(await store.ReadAsync(key, cancel).ConfigureAwait(false), call, static version => new ListOperation.Read(version.List));
            return OperationOutcome.Answered;
        }
        catch (Exception failure)
        {
            return failure is NotDoneException ? OperationOutcome.NotDone : OperationOutcome.Unknown;
        }
    }

    /// <summary>Adds a token.</summary>
    public async Task<OperationOutcome> AppendAsync(IListStore store, string key, CancellationToken cancel)
    {
        (long token, long call) = (NextToken(), history.Call());
        try
        {
            Saw(await store.AppendAsync(key, token, cancel).ConfigureAwait(false), call, version => new ListOperation.Append(token, version.List));
            return OperationOutcome.Answered;
        }
        catch (NotDoneException)
        {
            return OperationOutcome.NotDone;
        }
        catch (Exception)
        {
            history.Unanswered(number, key, new ListOperation.Append(token, null), call);
            return OperationOutcome.Unknown;
        }
    }

    /// <summary>Makes a list one token, by what was read last.</summary>
    public Task<OperationOutcome> CompareAndSetAsync(IListStore store, string key, CancellationToken cancel) => CompareAndSetAsync(store, _read[key], cancel);

    private async Task<OperationOutcome> CompareAndSetAsync(IListStore store, ListVersion read, CancellationToken cancel)
    {
        (long token, long call) = (NextToken(), history.Call());
        try
        {
            if (await store.CompareAndSetAsync(read, token, cancel).ConfigureAwait(false) is { } done)
            {
                Saw(done, call, _ => new ListOperation.CompareAndSet(read.List, token, true));
                return OperationOutcome.Answered;
            }

            history.Answered(number, read.Key, new ListOperation.CompareAndSet(read.List, token, false), call);
            _read.Remove(read.Key);
            return OperationOutcome.Refused;
        }
        catch (NotDoneException)
        {
            return OperationOutcome.NotDone;
        }
        catch (Exception)
        {
            history.Unanswered(number, read.Key, new ListOperation.CompareAndSet(read.List, token, null), call);
            return OperationOutcome.Unknown;
        }
    }

    private void Saw(ListVersion version, long call, Func<ListVersion, ListOperation> operation)
    {
        ListOperation done = operation(version);
        WroteLast = done is not ListOperation.Read;
        history.Answered(number, version.Key, done, call);
        history.Told(version);
        _read[version.Key] = version;
    }

    private long NextToken() => (number * 1_000_000L) + ++_tokens;
}
