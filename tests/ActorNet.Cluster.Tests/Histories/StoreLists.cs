using System.Globalization;
using System.Text;
using ActorNet.Cluster.Stores;
using ActorNet.Histories;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests.Histories;

/// <summary>Lists in a store of objects: an append reads and writes until nobody wrote between, as the API does with a patch.</summary>
internal sealed class StoreLists(IObjectStore store) : IListStore
{
    public async Task<ListVersion> ReadAsync(string key, CancellationToken cancel)
    {
        try
        {
            RangeResult found = await store.RangeAsync(new RangeRequest(KeyRange.Single(key)), cancel);
            return found.Objects is [var one]
                ? new ListVersion(one.ModRevision, key, new TokenList([.. Encoding.UTF8.GetString(one.Value.Span).Split(' ').Select(each => long.Parse(each, CultureInfo.InvariantCulture))]))
                : new ListVersion(0, key, TokenList.Of());
        }
        catch (StoreUnavailableException unavailable) when (!unavailable.OutcomeUnknown)
        {
            throw new NotDoneException(unavailable.Message, unavailable);
        }
    }

    public async Task<ListVersion> AppendAsync(string key, long token, CancellationToken cancel)
    {
        while (true)
        {
            ListVersion now = await ReadAsync(key, cancel);
            if (await WriteAsync(now, new TokenList(now.List.Tokens.Add(token)), cancel) is { } written)
                return written;
        }
    }

    public Task<ListVersion?> CompareAndSetAsync(ListVersion expected, long token, CancellationToken cancel) => WriteAsync(expected, TokenList.Of(token), cancel);

    private async Task<ListVersion?> WriteAsync(ListVersion expected, TokenList next, CancellationToken cancel)
    {
        byte[] value = Encoding.UTF8.GetBytes(string.Join(' ', next.Tokens));
        try
        {
            TransactionResult result = await store.CommitAsync(
                StoreTransaction.When([Comparison.Unchanged(expected.Key, expected.Revision)], new PutOperation(expected.Key, value)), cancel);
            return result.Succeeded ? new ListVersion(result.Revision, expected.Key, next) : null;
        }
        catch (StoreUnavailableException unavailable) when (!unavailable.OutcomeUnknown)
        {
            throw new NotDoneException(unavailable.Message, unavailable);
        }
    }
}
