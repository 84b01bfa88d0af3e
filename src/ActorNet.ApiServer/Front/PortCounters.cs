using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace ActorNet.ApiServer.Front;

/// <summary>Who was turned away at one port of a host's front. For any thread.</summary>
public sealed class PortCounters
{
    private static readonly object Shaken = new();

    private long _failedHandshakes;
    private long _refusedRequests;

    /// <summary>Connections that ended before TLS stood: what was sent is no TLS, or nothing was sent in time.</summary>
    public long FailedHandshakes => Interlocked.Read(ref _failedHandshakes);

    /// <summary>Requests that were refused for who made them, where nothing else counts them.</summary>
    public long RefusedRequests => Interlocked.Read(ref _refusedRequests);

    /// <summary>Makes the connections of a listener TLS, and counts those that never become it.</summary>
    /// <param name="listen">The listener.</param>
    /// <param name="tls">How.</param>
    /// <returns>The listener.</returns>
    public ListenOptions UseHttps(ListenOptions listen, TlsHandshakeCallbackOptions tls)
    {
        ArgumentNullException.ThrowIfNull(listen);
        listen.Use(next => async connection =>
        {
            try
            {
                await next(connection).ConfigureAwait(false);
            }
            finally
            {
                if (!connection.Items.ContainsKey(Shaken))
                    Interlocked.Increment(ref _failedHandshakes);
            }
        });
        listen.UseHttps(tls);
        listen.Use(next => connection =>
        {
            connection.Items[Shaken] = true;
            return next(connection);
        });
        return listen;
    }

    /// <summary>A request was refused.</summary>
    public void CountRefused() => Interlocked.Increment(ref _refusedRequests);
}
