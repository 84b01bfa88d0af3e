using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;

namespace ActorNet.ApiServer.Joining;

/// <summary>
/// How a host that knows nothing of a cluster but an address, a token and the hash of its authority speaks to it. First it gets the authority's certificate and
/// compares the hash; only over a connection whose server has shown a certificate of that authority the token is told (kubeadm's order: cmd/kubeadm/app/discovery/token).
/// </summary>
public sealed class JoinCall : IDisposable
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;

    private JoinCall(HttpClient http, byte[] authority) => (_http, Authority) = (http, authority);

    /// <summary>The authority's certificate in DER, which has the hash.</summary>
    public byte[] Authority { get; }

    /// <summary>Finds the cluster behind an address.</summary>
    /// <param name="server">The API's base address on a host of it, as https://192.168.56.11:6443.</param>
    /// <param name="hash">Its authority's hash.</param>
    /// <param name="token">The token, which the returned call shows.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="JoinFailedException">Nobody answers there, or somebody else: the token has not been told.</exception>
    public static async Task<JoinCall> OpenAsync(Uri server, AuthorityHash hash, string token, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(server);
        byte[] authority = await DiscoverAsync(server, hash, cancel).ConfigureAwait(false);
        HttpClient http = Client(server, (certificate, chain, errors) => certificate is not null && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && IsServerOf(authority, certificate));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new JoinCall(http, authority);
    }

    /// <summary>Asks what the cluster is like and what stands against this host.</summary>
    /// <param name="host">What this host is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="JoinFailedException">It is refused, or the answer did not come.</exception>
    public Task<JoinTerms> TermsAsync(JoinApplication host, CancellationToken cancel) => PostAsync<JoinTerms>(JoinProtocol.TermsPath, host, cancel);

    /// <summary>Asks to be reached.</summary>
    /// <param name="host">What this host is, with its ports.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="JoinFailedException">It is refused, or the answer did not come.</exception>
    public Task<JoinReach> ReachAsync(JoinApplication host, CancellationToken cancel) => PostAsync<JoinReach>(JoinProtocol.ReachPath, host, cancel);

    /// <summary>Asks for the certificate.</summary>
    /// <param name="host">What this host is, with its signing request.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="JoinFailedException">It is refused, or the answer did not come.</exception>
    public Task<JoinGrant> CertificateAsync(JoinApplication host, CancellationToken cancel) => PostAsync<JoinGrant>(JoinProtocol.CertificatePath, host, cancel);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static async Task<byte[]> DiscoverAsync(Uri server, AuthorityHash hash, CancellationToken cancel)
    {
        // Nothing secret goes this way, and what comes is believed only with the hash.
#pragma warning disable CA5359
        using HttpClient http = Client(server, static (_, _, _) => true);
#pragma warning restore CA5359
        string pem = await SendAsync(server, () => http.GetAsync(new Uri(JoinProtocol.AuthorityPath, UriKind.Relative), cancel), cancel).ConfigureAwait(false);
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            var found = AuthorityHash.Of(certificate.RawData);
            return found == hash
                ? certificate.RawData
                : throw new JoinFailedException($"{server.Authority} is of a cluster whose authority has the hash {found}, and {hash} was expected: it is another cluster, or somebody between pretends to be it. The token was not told. Compare with the line that `actornet token create --print-join-command` prints on a host of the cluster.");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new JoinFailedException($"{server.Authority} answers, but with no certificate of an authority: it is no host of an ActorNet cluster, or not its API's port. Give HOST:PORT of its API.");
        }
    }

    private async Task<T> PostAsync<T>(string path, JoinApplication host, CancellationToken cancel)
    {
        using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(host, JoinJson.Options));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        string text = await SendAsync(_http.BaseAddress!, () => _http.PostAsync(new Uri(path, UriKind.Relative), body, cancel), cancel).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize<T>(text, JoinJson.Options) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new JoinFailedException($"{_http.BaseAddress!.Authority} answered what this version does not understand. Run the same actornet on all hosts.");
        }
    }

    private static async Task<string> SendAsync(Uri server, Func<Task<HttpResponseMessage>> send, CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage answer = await send().ConfigureAwait(false);
            string text = await answer.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? text
                : throw new JoinFailedException(answer.StatusCode is HttpStatusCode.NotFound || text.Length == 0 ? $"{server.Authority} answers {(int)answer.StatusCode} and lets no hosts in." : $"{server.Authority} refuses: {text.Trim()}")
                {
                    MayChange = answer.StatusCode is HttpStatusCode.ServiceUnavailable,
                };
        }
        catch (HttpRequestException e)
        {
            string why = e.HttpRequestError == HttpRequestError.SecureConnectionError || e.InnerException is AuthenticationException
                ? $"{server.Authority} shows no certificate of the cluster's authority for '{server.Host}', so the token was not told. Give an address that the host was started with (--address, --node-ip)."
                : $"{server.Authority} cannot be reached: {(e.InnerException ?? e).Message}. Check address and port (the API's, 6443 unless it was chosen), that the host runs, and that no firewall is between.";
            throw new JoinFailedException(why);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new JoinFailedException($"{server.Authority} did not answer within {Patience.TotalSeconds:0} s. Check address and port, and that no firewall is between.");
        }
    }

    private static HttpClient Client(Uri server, Func<X509Certificate2?, X509Chain?, SslPolicyErrors, bool> judge)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => judge(certificate as X509Certificate2, chain, errors);
        return new HttpClient(handler) { BaseAddress = server, Timeout = Patience, MaxResponseContentBufferSize = JoinProtocol.MaxBytes };
    }

    private static bool IsServerOf(byte[] authority, X509Certificate2 certificate)
    {
        using X509Certificate2 root = X509CertificateLoader.LoadCertificate(authority);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuth));
        // A clock that is far off is told by the terms, in words; here it would be a certificate that is not valid yet.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate);
    }
}
