using System.Net.Security;

namespace ActorNet.Cluster.Certificates;

/// <summary>A host's credentials as they are now. A renewal takes effect with the next handshake, in either direction, and breaks no connection.</summary>
public sealed class LiveCredentials : IDisposable
{
    private readonly Lock _lock = new();

    // A handshake under way may still use a certificate that was replaced: all are kept, one more in nine months.
    private readonly List<HostCredentials> _all = [];
    private Shown _shown;

    /// <summary>Begins with a host's credentials, which belong to this from now on.</summary>
    /// <param name="first">What the host shows and trusts.</param>
    public LiveCredentials(HostCredentials first) => _shown = Show(first);

    /// <summary>What the host shows and trusts.</summary>
    public HostCredentials Now => Volatile.Read(ref _shown).Credentials;

    /// <summary>The same as TLS servers want it, with the authority's certificate behind the host's own.</summary>
    public SslStreamCertificateContext ServerContext => Volatile.Read(ref _shown).Context;

    /// <summary>Takes new credentials of the same authority, which belong to this from now on.</summary>
    public void Replace(HostCredentials renewed) => Volatile.Write(ref _shown, Show(renewed));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (HostCredentials each in _all)
                each.Dispose();
            _all.Clear();
        }
    }

    private Shown Show(HostCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        lock (_lock)
            _all.Add(credentials);
        return new Shown(credentials, SslStreamCertificateContext.Create(credentials.Certificate, [credentials.Authority], offline: true));
    }

    private sealed record Shown(HostCredentials Credentials, SslStreamCertificateContext Context);
}
