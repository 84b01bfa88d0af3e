using ActorNet.Netstack;

namespace ActorNet.Workloads.Curl;

/// <summary>What a transfer was: the source of --write-out and of the progress meter. Times count from the transfer's start.</summary>
internal sealed class CurlFacts(TimeProvider time, string text, int number)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>The URL as it was written.</summary>
    public string Text => text;

    /// <summary>The URL's number on the command line, from 0.</summary>
    public int Number => number;

    /// <summary>The last URL that was asked.</summary>
    public CurlUrl? Url { get; set; }

    public string Method { get; set; } = "GET";

    /// <summary>The last response's status; 0 without one.</summary>
    public int Status { get; set; }

    public Version HttpVersion { get; set; } = new(0, 0);

    public string? ContentType { get; set; }

    /// <summary>Where the last response redirects to, when that was not followed.</summary>
    public string? RedirectUrl { get; set; }

    public string? Referer { get; set; }

    public string? FileName { get; set; }

    public int Connects { get; set; }

    public int Redirects { get; set; }

    public Ipv4Endpoint Local { get; set; }

    public Ipv4Endpoint Remote { get; set; }

    /// <summary>Bytes of body received.</summary>
    public long Downloaded { get; set; }

    /// <summary>Bytes of body that the response announces, or null.</summary>
    public long? Expected { get; set; }

    public long Uploaded { get; set; }

    /// <summary>Bytes of body that the request announces, or null.</summary>
    public long? ToUpload { get; set; }

    /// <summary>Bytes of all response heads.</summary>
    public long HeadBytes { get; set; }

    /// <summary>Bytes of all request heads and bodies.</summary>
    public long RequestBytes { get; set; }

    /// <summary>The last response's head as it came.</summary>
    public byte[]? Head { get; set; }

    public TimeSpan NameLookup { get; set; }

    public TimeSpan Connect { get; set; }

    public TimeSpan AppConnect { get; set; }

    public TimeSpan PreTransfer { get; set; }

    public TimeSpan StartTransfer { get; set; }

    public TimeSpan Redirect { get; set; }

    public TimeSpan Total { get; set; }

    public CurlFailure? Failure { get; set; }

    public int ExitCode => Failure?.Code ?? CurlCode.Ok;

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>Time since the start in whole milliseconds, as messages have it.</summary>
    public long ElapsedMilliseconds => (long)Elapsed.TotalMilliseconds;

    /// <summary>Bytes per second over the whole transfer.</summary>
    public long Speed(long bytes) => Total > TimeSpan.Zero ? (long)(bytes / Total.TotalSeconds) : bytes;
}
