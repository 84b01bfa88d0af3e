namespace ActorNet.Cluster.Certificates;

/// <summary>Has a host's certificate signed anew while the host runs, in good time before it ends (<see cref="CertificateLife"/>).</summary>
/// <param name="credentials">The host's credentials.</param>
/// <param name="obtain">Gives credentials that are good for long: the host's own, or newly signed ones.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes a sentence for whoever runs the host.</param>
public sealed class CertificateRenewal(LiveCredentials credentials, Func<CancellationToken, Task<HostCredentials>> obtain, TimeProvider time, Action<string> tell)
{
    /// <summary>How often it looks: a host that signs may be away for weeks before a certificate ends.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(12);

    /// <summary>What did not work is tried again so much later, twice as much later each time, and at last every <see cref="Interval"/>.</summary>
    public static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);

    /// <summary>Told after each look, whether or not there was something to renew; what else ends with time, such as the administrator's certificate, is renewed there.</summary>
    public Action? Looked { get; init; }

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        TimeSpan pause = Interval, retry = FirstRetry;
        try
        {
            while (true)
            {
                await Task.Delay(pause, time, ct).ConfigureAwait(false);
                if (await LookAsync(retry, ct).ConfigureAwait(false))
                    (pause, retry) = (Interval, FirstRetry);
                else
                    (pause, retry) = (retry, retry * 2 < Interval ? retry * 2 : Interval);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task<bool> LookAsync(TimeSpan retry, CancellationToken ct)
    {
        DateTimeOffset end = credentials.Now.Certificate.NotAfter.ToUniversalTime();
        try
        {
            if (time.GetUtcNow() >= CertificateLife.RenewAt(credentials.Now.Certificate))
            {
                HostCredentials renewed = await obtain(ct).ConfigureAwait(false);
                credentials.Replace(renewed);
                tell($"the host's certificate is renewed; it ends on {renewed.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}");
            }

            Looked?.Invoke();
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            // Whatever it was: a host that gave up here would be out of its cluster months later, and nobody would know why.
            tell($"the host's certificate ends on {end:yyyy-MM-dd} and cannot be renewed yet; it is tried again in {Text(retry)}: {e.Message}");
            return false;
        }
    }

    private static string Text(TimeSpan wait) => wait < TimeSpan.FromHours(1) ? $"{wait.TotalMinutes:0} min" : $"{wait.TotalHours:0} h";
}
