namespace ActorNet.Workloads.Curl;

/// <summary>The exit codes of curl that can come about here (curl include/curl/curl.h CURLcode).</summary>
internal static class CurlCode
{
    public const int Ok = 0;
    public const int UnsupportedProtocol = 1;
    public const int FailedInit = 2;
    public const int UrlMalformat = 3;
    public const int CouldNotResolveHost = 6;
    public const int CouldNotConnect = 7;
    public const int PartialFile = 18;
    public const int HttpReturnedError = 22;
    public const int WriteError = 23;
    public const int ReadError = 26;
    public const int OutOfMemory = 27;
    public const int OperationTimedOut = 28;
    public const int RangeError = 33;
    public const int SslConnectError = 35;
    public const int BadFunctionArgument = 43;
    public const int InterfaceFailed = 45;
    public const int TooManyRedirects = 47;
    public const int SetOptionSyntax = 49;
    public const int GotNothing = 52;
    public const int SendError = 55;
    public const int ReceiveError = 56;
    public const int PeerFailedVerification = 60;
    public const int BadContentEncoding = 61;
    public const int BadAuthorityFile = 77;

    /// <summary>The general text of a code, used where a transfer left none of its own (curl lib/strerror.c).</summary>
    public static string Describe(int code) => code switch
    {
        CouldNotConnect => "Couldn't connect to server",
        OperationTimedOut => "Timeout was reached",
        InterfaceFailed => "Failed binding local connection end",
        ReadError => "Failed to open/read local data from file/application",
        WriteError => "Failed writing received data to disk/application",
        UrlMalformat => "URL using bad/illegal format or missing URL",
        _ => "Unknown error",
    };
}

/// <summary>A transfer that failed: curl's exit code, and the text behind "curl: (CODE) ".</summary>
internal sealed class CurlFailure(int code, string message, Exception? inner = null) : Exception(message, inner)
{
    public int Code => code;

    /// <summary>Whether the port refused: what --retry-connrefused looks at.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>A command line that cannot be used: what curl says about it and the code that it leaves.</summary>
internal sealed class CurlUsageException(string message, int code = CurlCode.FailedInit) : Exception(message)
{
    public int Code => code;
}
