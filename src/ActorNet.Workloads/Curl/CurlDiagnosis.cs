using System.Net.Sockets;
using System.Security.Authentication;
using ActorNet.Workloads.Http;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Workloads.Curl;

/// <summary>Why a transfer failed: HttpClient's exceptions and what passed on the wire, in curl's codes and words.</summary>
internal static class CurlDiagnosis
{
    /// <summary>Explains.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="facts">The transfer.</param>
    /// <param name="wire">What passed.</param>
    /// <param name="isTimedOut">Whether --max-time was over.</param>
    public static CurlFailure Explain(Exception exception, CurlFacts facts, WireLog wire, bool isTimedOut)
    {
        if (isTimedOut && wire.Connection is null)
            return new CurlFailure(CurlCode.OperationTimedOut, $"Connection timed out after {facts.ElapsedMilliseconds} milliseconds", exception);
        if (isTimedOut)
        {
            string amount = facts.Expected is { } expected ? $"{facts.Downloaded} out of {expected}" : $"{facts.Downloaded}";
            return new CurlFailure(CurlCode.OperationTimedOut, $"Operation timed out after {facts.ElapsedMilliseconds} milliseconds with {amount} bytes received", exception);
        }

        if (Find<AuthenticationException>(exception) is { } tls)
            return Tls(tls);
        if (Find<ConnectionResetException>(exception) is not null)
            return new CurlFailure(CurlCode.ReceiveError, "Recv failure: Connection reset by peer", exception);
        if (Find<SocketException>(exception) is { } socket)
            return new CurlFailure(CurlCode.ReceiveError, $"Recv failure: {Describe(socket.SocketErrorCode)}", exception);
        if (wire.IsForeign)
            return new CurlFailure(CurlCode.UnsupportedProtocol, "Received HTTP/0.9 when not allowed", exception);
        HttpRequestError error = (exception as HttpRequestException)?.HttpRequestError ?? (exception as HttpIOException)?.HttpRequestError ?? HttpRequestError.Unknown;
        return error switch
        {
            HttpRequestError.ResponseEnded when wire.Heads.Count == 0 => new CurlFailure(CurlCode.GotNothing, "Empty reply from server", exception),
            HttpRequestError.ResponseEnded when facts.Expected is { } expected =>
                new CurlFailure(CurlCode.PartialFile, $"transfer closed with {expected - facts.Downloaded} bytes remaining to read", exception),
            HttpRequestError.ResponseEnded => new CurlFailure(CurlCode.PartialFile, "transfer closed with outstanding read data remaining", exception),
            HttpRequestError.SecureConnectionError => new CurlFailure(CurlCode.SslConnectError, Innermost(exception).Message, exception),
            HttpRequestError.ConfigurationLimitExceeded => new CurlFailure(CurlCode.ReceiveError, "Too large response headers", exception),
            HttpRequestError.InvalidResponse => new CurlFailure(CurlCode.ReceiveError, $"Invalid response: {Innermost(exception).Message}", exception),
            _ => new CurlFailure(CurlCode.ReceiveError, $"Recv failure: {Innermost(exception).Message}", exception),
        };
    }

    private static CurlFailure Tls(AuthenticationException exception) => exception.InnerException is null
        ? new CurlFailure(CurlCode.PeerFailedVerification, $"SSL certificate problem: {exception.Message}", exception)
        : new CurlFailure(CurlCode.SslConnectError, $"TLS connect error: {Innermost(exception).Message}", exception);

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionReset => "Connection reset by peer",
        SocketError.TimedOut => "Connection timed out",
        SocketError.HostUnreachable => "No route to host",
        SocketError.NetworkUnreachable => "Network is unreachable",
        _ => "Software caused connection abort",
    };

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is T found)
                return found;
        }

        return null;
    }

    private static Exception Innermost(Exception exception) => exception.GetBaseException();
}
