using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace ActorNet.ApiServer.Front;

/// <summary>Who was turned away at one port of a host's front. For any thread.</summary>
/// <param name="mostHandshakes">Connections that may be on their way to TLS at once. One more is closed: who says nothing would be waited for 10 s.</param>
public sealed class PortCounters(int mostHandshakes = PortCounters.MostHandshakes)
{
    /// <summary>Connections that may be on their way to TLS at one port at once: each keeps some 50 KB.</summary>
    public const int MostHandshakes = 2_048;

    private static readonly object Shaken = new();

    private int _shaking;
    private long _failedHandshakes;
    private long _crowdedOut;
    private long _refusedRequests;

    /// <summary>Connections that ended before TLS stood: what was sent is no TLS, nothing was sent in time, or too many were on their way.</summary>
    public long FailedHandshakes => Interlocked.Read(ref _failedHandshakes);

    /// <summary>Of these the connections that came while too many were on their way.</summary>
    public long CrowdedOut => Interlocked.Read(ref _crowdedOut);

    /// <summary>Requests that were refused for who made them, where nothing else counts them.</summary>
    public long RefusedRequests => Interlocked.Read(ref _refusedRequests);

    /// <summary>Makes the connections of a listener TLS, and counts those that never become it.</summary>
    /// <param name="listen">The listener.</param>
    /// <param name="tls">How.</param>
    /// <returns>The listener.</returns>
    public ListenOptions UseHttps(ListenOptions listen, TlsHandshakeCallbackOptions tls)
    {
        ArgumentNullException.ThrowIfNull(listen);
        listen.Use(next => connection => BoundedAsync(connection, next));
        listen.UseHttps(tls);
        listen.Use(next => connection =>
        {
            connection.Items[Shaken] = true;
            Interlocked.Decrement(ref _shaking);
            return next(connection);
        });
        return listen;
    }

    /// <summary>A request was refused.</summary>
    public void CountRefused() => Interlocked.Increment(ref _refusedRequests);

    private async Task BoundedAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            if (Interlocked.Increment(ref _shaking) <= mostHandshakes)
            {
                await next(connection).ConfigureAwait(false);
                return;
            }

            Interlocked.Increment(ref _crowdedOut);
            connection.Abort(new ConnectionAbortedException($"{mostHandshakes} connections are on their way to TLS"));
        }
        finally
        {
            if (!connection.Items.ContainsKey(Shaken))
            {
                Interlocked.Decrement(ref _shaking);
                Interlocked.Increment(ref _failedHandshakes);
            }
        }
    }
}
