using System.Net;
using System.Net.Http.Json;

namespace ActorNet.Processes.Tests.Upgrade;

/// <summary>Makes ConfigMaps one after the other through whichever host answers, and knows which were acknowledged.</summary>
/// <param name="fronts">The hosts' API ports.</param>
internal sealed class SteadyWriter(IReadOnlyList<HttpClient> fronts) : IAsyncDisposable
{
    private const string Path = "api/v1/namespaces/default/configmaps";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15), Pause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);
    private Task _writing = Task.CompletedTask;

    /// <summary>How many were acknowledged.</summary>
    public int Count
    {
        get
        {
            lock (_acknowledged)
                return _acknowledged.Count;
        }
    }

    public void Start() => _writing = WriteAsync();

    /// <summary>Waits until so many further writes were acknowledged.</summary>
    public Task GoesOnAsync(int further)
    {
        int wanted = Count + further;
        return Lab.UntilAsync(() => Task.FromResult(Count), count => count >= wanted, $"{wanted} writes are acknowledged");
    }

    /// <summary>Every write that was acknowledged is there, as each host says.</summary>
    public async Task HasAllAsync()
    {
        string[] names;
        lock (_acknowledged)
            names = [.. _acknowledged];
        foreach (HttpClient front in fronts)
        {
            string list = await Lab.UntilAsync(() => GetAsync(front), static text => text.Length > 0, $"{front.BaseAddress} lists the ConfigMaps");
            Assert.All(names, name => Assert.Contains($"\"name\":\"{name}\"", list, StringComparison.Ordinal));
        }
    }

    /// <summary>Ends the writes.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private static async Task<string> GetAsync(HttpClient front)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            return await front.GetStringAsync(new Uri(Path, UriKind.Relative), limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return "";
        }
    }

    private async Task WriteAsync()
    {
        for (int number = 0; !_stop.IsCancellationRequested; number++)
        {
            string name = $"w{number}";
            if (await TryAsync(fronts[number % fronts.Count], name))
            {
                lock (_acknowledged)
                    _acknowledged.Add(name);
            }

            await Task.Delay(Pause, _stop.Token);
        }
    }

    // What is not answered may be there or not: nobody counts on it.
    private async Task<bool> TryAsync(HttpClient front, string name)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(Patience);
        try
        {
            var body = new { apiVersion = "v1", kind = "ConfigMap", metadata = new { name } };
            using HttpResponseMessage answer = await front.PostAsJsonAsync(new Uri(Path, UriKind.Relative), body, limit.Token);
            return answer.StatusCode == HttpStatusCode.Created;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
