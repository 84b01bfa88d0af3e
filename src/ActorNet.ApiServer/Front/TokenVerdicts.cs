using System.Collections.Concurrent;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.ApiServer.Front;

/// <summary>
/// Remembers for a while which tokens count, so that not every request looks for the account and the pod again. Only what counts is kept, as upstream
/// does (apiserver pkg/authentication/token/cache; kubeapiserver/authenticator/config.go: TokenSuccessCacheTTL 10 s, TokenFailureCacheTTL 0). For any thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TokenVerdicts(TimeProvider time)
{
    /// <summary>How long a token counts after what it is bound to is gone.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(10);

    /// <summary>The most tokens that are remembered; beyond it all are looked at anew.</summary>
    public const int Most = 4096;

    private readonly ConcurrentDictionary<string, long> _until = new(StringComparer.Ordinal);

    /// <summary>Whether a token counts.</summary>
    /// <param name="token">What it says; its signature was verified.</param>
    /// <param name="judge">Looks whether what it is bound to is still there.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<bool> CountsAsync(TokenClaims token, Func<TokenClaims, CancellationToken, ValueTask<bool>> judge, CancellationToken cancel)
    {
        long now = time.GetTimestamp();
        if (_until.TryGetValue(token.Id, out long until) && now < until)
            return true;
        if (!await judge(token, cancel).ConfigureAwait(false))
            return false;
        if (_until.Count >= Most)
            _until.Clear();
        _until[token.Id] = now + (long)(Kept.TotalSeconds * time.TimestampFrequency);
        return true;
    }
}
