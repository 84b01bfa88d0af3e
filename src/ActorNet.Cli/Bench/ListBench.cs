namespace ActorNet.Cli.Bench;

/// <summary>Measures one list of many objects, the first time and later.</summary>
internal static class ListBench
{
    private const string ConfigMaps = $"api/v1/namespaces/{BenchObjects.Namespace}/configmaps";
    private const int WritersAtOnce = 8;
    private const int Repeats = 10;

    // With its metadata an object then has about 1 KB, as the pods of a plain Deployment have two and Leases half of one.
    internal static readonly string Filling = new('x', 600);

    /// <summary>Makes the objects.</summary>
    /// <param name="objects">The API.</param>
    /// <param name="count">How many.</param>
    /// <param name="ct">Cancellation.</param>
    public static Task FillAsync(BenchObjects objects, int count, CancellationToken ct) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = WritersAtOnce, CancellationToken = ct },
        async (number, cancel) => await objects.CreateAsync(ConfigMaps, BenchObjects.ConfigMap($"filling-{number}", ("text", Filling)), cancel).ConfigureAwait(false));

    /// <summary>Lists them.</summary>
    /// <param name="http">A client of the API.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<ListReport> RunAsync(HttpClient http, int count, CancellationToken ct)
    {
        (double first, _) = await ListAsync(http, ct).ConfigureAwait(false);
        var later = new List<double>();
        long bytes = 0;
        for (int i = 0; i < Repeats; i++)
        {
            (double milliseconds, bytes) = await ListAsync(http, ct).ConfigureAwait(false);
            later.Add(milliseconds);
        }

        later.Sort();
        return new ListReport { Objects = count, Bytes = bytes, FirstMilliseconds = first, P50Milliseconds = KernelPathRunner.Percentile(later, 0.5), MaxMilliseconds = later[^1] };
    }

    private static async Task<(double Milliseconds, long Bytes)> ListAsync(HttpClient http, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage answer = await http.GetAsync(new Uri(ConfigMaps, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode)
            throw new UsageException($"bench: the list was answered with {(int)answer.StatusCode}.");
        await using Stream body = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        byte[] buffer = new byte[128 * 1024];
        long bytes = 0;
        for (int read; (read = await body.ReadAsync(buffer, ct).ConfigureAwait(false)) > 0;)
            bytes += read;
        return (Math.Round(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds, 1), bytes);
    }
}
