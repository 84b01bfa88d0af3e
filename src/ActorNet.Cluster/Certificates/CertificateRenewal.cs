namespace ActorNet.Cluster.Certificates;

/// <summary>Has a host's certificate signed anew while the host runs, in good time before it ends.</summary>
/// <param name="credentials">The host's credentials.</param>
/// <param name="obtain">Gives credentials that are good for long: the host's own, or newly signed ones.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes a sentence for whoever runs the host.</param>
public sealed class CertificateRenewal(LiveCredentials credentials, Func<CancellationToken, Task<HostCredentials>> obtain, TimeProvider time, Action<string> tell)
{
    /// <summary>How often it looks: a host that signs may be away for weeks before a certificate ends.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(12);

    /// <summary>Told after each look, whether or not there was something to renew; what else ends with time, such as the administrator's certificate, is renewed there.</summary>
    public Action? Looked { get; init; }

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, ct).ConfigureAwait(false);
                await LookAsync(ct).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        DateTimeOffset end = credentials.Now.Certificate.NotAfter.ToUniversalTime();
        try
        {
            if (time.GetUtcNow() + HostCertificates.RenewBefore >= end)
            {
                HostCredentials renewed = await obtain(ct).ConfigureAwait(false);
                credentials.Replace(renewed);
                tell($"the host's certificate is renewed; it ends on {renewed.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}");
            }

            Looked?.Invoke();
        }
        catch (Exception e) when (e is SigningRefusedException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            tell($"the host's certificate ends on {end:yyyy-MM-dd} and cannot be renewed yet; it is tried again in {Interval.TotalHours:0} hours: {e.Message}");
        }
    }
}
