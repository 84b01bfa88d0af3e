using System.Buffers;

namespace ActorNet.ApiServer.Spdy;

/// <summary>Types of SPDY/3 frames (draft-mbelshe-httpbis-spdy-00 section 2.6); data has no number there.</summary>
internal enum SpdyFrameType
{
    /// <summary>A piece of a stream's data.</summary>
    Data = 0,

    /// <summary>Opens a stream.</summary>
    SynStream = 1,

    /// <summary>Accepts a stream.</summary>
    SynReply = 2,

    /// <summary>Ends a stream both ways at once.</summary>
    RstStream = 3,

    /// <summary>Says how a side works.</summary>
    Settings = 4,

    /// <summary>Asks for an echo.</summary>
    Ping = 6,

    /// <summary>The side takes no more streams.</summary>
    GoAway = 7,

    /// <summary>More headers of a stream.</summary>
    Headers = 8,

    /// <summary>The side takes more data of a stream.</summary>
    WindowUpdate = 9,
}

/// <summary>Why a stream is reset (section 2.6.3).</summary>
internal enum SpdyStatus
{
    /// <summary>A frame that may not be.</summary>
    ProtocolError = 1,

    /// <summary>The stream is not known.</summary>
    InvalidStream = 2,

    /// <summary>Refused before anything was done.</summary>
    RefusedStream = 3,

    /// <summary>The one who opened it does not want it any more.</summary>
    Cancel = 5,
}

/// <summary>A frame, or for data a piece of one.</summary>
/// <param name="Type">Its type.</param>
/// <param name="StreamId">Its stream; 0: none.</param>
/// <param name="IsLast">Whether the sender's half of the stream ends with it (FLAG_FIN).</param>
/// <param name="Value">The number in it: status, id of a ping, or window delta.</param>
/// <param name="Headers">Headers of those that have some.</param>
/// <param name="Data">A piece of data, valid until the input is given back.</param>
internal readonly record struct SpdyFrame(SpdyFrameType Type, int StreamId, bool IsLast, int Value, IReadOnlyDictionary<string, string>? Headers, ReadOnlySequence<byte> Data);
