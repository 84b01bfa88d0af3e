using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Caches;

/// <summary>Feeds a cache from the API: lists, then watches from the list's revision, and lists again when that is too old (client-go tools/cache/reflector.go).</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="client">Where from.</param>
/// <param name="cache">Where to; nobody else writes it while this runs.</param>
/// <param name="time">For the waits between failures.</param>
public sealed class Reflector<T>(IApiClient client, ObjectCache<T> cache, TimeProvider time)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // Upstream waits 800 ms, doubled up to 30 s.
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(800), LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>How often the API failed.</summary>
    public long Failures { get; private set; }

    /// <summary>How often everything was listed.</summary>
    public long Lists { get; private set; }

    /// <summary>Runs until it is cancelled. The task ends then without an error.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        TimeSpan wait = FirstWait;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                ModelList<T> list = await client.ListAsync<T>(cancel: cancel).ConfigureAwait(false);
                Lists++;
                cache.Replace(list.Items, list.Revision);
                wait = FirstWait;
                await FollowAsync(cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException e) when (e.Code == 410)
            {
                // What came next is compacted: list again at once.
            }
            catch (Exception)
            {
                Failures++;
                await Pause.ForAsync(wait, time, cancel).ConfigureAwait(false);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancel)
    {
        while (true)
        {
            var options = new WatchOptions(ObjectFilter.Everything, cache.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture), Bookmarks: true);
            await foreach (ModelEvent<T> each in client.WatchAsync<T>(options: options, cancel: cancel).ConfigureAwait(false))
                cache.Apply(each);
            cancel.ThrowIfCancellationRequested();
        }
    }
}
