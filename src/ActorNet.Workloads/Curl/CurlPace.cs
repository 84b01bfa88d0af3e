using System.Net;

namespace ActorNet.Workloads.Curl;

/// <summary>--limit-rate: waits until what has passed is not more than the rate allows.</summary>
/// <param name="rate">Bytes per second; 0 for no limit.</param>
/// <param name="time">Time.</param>
internal sealed class CurlPace(long rate, TimeProvider time)
{
    // Pieces per second.
    private const int Pieces = 8;

    private readonly long _started = time.GetTimestamp();
    private long _passed;

    /// <summary>How much may pass at once.</summary>
    /// <param name="most">Bytes without a limit.</param>
    public int PieceWithin(int most) => rate == 0 ? most : (int)Math.Clamp(rate / Pieces, 1, most);

    /// <summary>Waits.</summary>
    /// <param name="count">Bytes that have just passed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask WaitAsync(int count, CancellationToken cancellationToken)
    {
        _passed += count;
        if (rate == 0)
            return;
        TimeSpan early = TimeSpan.FromSeconds((double)_passed / rate) - time.GetElapsedTime(_started);
        if (early > TimeSpan.FromMilliseconds(1))
            await Task.Delay(early, time, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>A request's content that leaves at a limited rate.</summary>
internal sealed class ThrottledContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly long _rate;
    private readonly TimeProvider _time;

    public ThrottledContent(HttpContent inner, long rate, TimeProvider time)
    {
        (_inner, _rate, _time) = (inner, rate, time);
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in inner.Headers.NonValidated)
            Headers.TryAddWithoutValidation(name, values.ToString());
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var pace = new CurlPace(_rate, _time);
        Stream source = await _inner.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = new byte[pace.PieceWithin(65_536)];
        int count;
        while ((count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            await pace.WaitAsync(count, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _inner.Headers.ContentLength ?? 0;
        return _inner.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }
}
