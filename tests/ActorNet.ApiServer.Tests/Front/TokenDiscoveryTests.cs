using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace ActorNet.ApiServer.Tests.Front;

/// <summary>Tokens are verified by somebody who knows nothing of the cluster but where its discovery document is: Microsoft's IdentityModel is the judge.</summary>
public sealed class TokenDiscoveryTests
{
    private const string Configuration = "/.well-known/openid-configuration", Keys = "/openid/v1/jwks";

    /// <summary>Fields and headers of kubernetes pkg/serviceaccount/openidmetadata.go and pkg/routes/openidmetadata.go.</summary>
    [Fact]
    public async Task The_documents_are_upstreams_at_either_host()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        foreach (Uri front in (Uri[])[bed.N1.ApiAddress, bed.N2.ApiAddress])
        {
            using HttpResponseMessage configuration = await Admin(bed).GetAsync(new Uri(front, Configuration)), keys = await Admin(bed).GetAsync(new Uri(front, Keys));
            Assert.Equal(
                $$"""{"issuer":"https://kubernetes.default.svc.cluster.local","jwks_uri":"{{new Uri(bed.N1.ApiAddress, Keys)}}","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256"]}""",
                await configuration.Content.ReadAsStringAsync());
            Assert.Equal(("application/json", "application/jwk-set+json"), (configuration.Content.Headers.ContentType!.ToString(), keys.Content.Headers.ContentType!.ToString()));
            Assert.All((HttpResponseMessage[])[configuration, keys], static each => Assert.Equal("public, max-age=3600", each.Headers.CacheControl!.ToString()));
            JsonObject key = Assert.Single(JsonNode.Parse(await keys.Content.ReadAsStringAsync())!["keys"]!.AsArray())!.AsObject();
            Assert.Equal(["use", "kty", "kid", "crv", "alg", "x", "y"], key.Select(static pair => pair.Key));
        }

        using HttpResponseMessage posted = await Admin(bed).PostAsync(new Uri(bed.N1.ApiAddress, Keys), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Fact]
    public async Task Somebody_with_nothing_but_the_documents_verifies_the_tokens_of_every_host_that_had_the_API()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.MakeAsync("ServiceAccount", """{"metadata":{"name":"robot"}}""");
        string first = await TokenAsync(bed, "vault");
        using X509Certificate2 n7 = bed.Node("n7");
        bed.MoveTo(n7);
        string second = await TokenAsync(bed, "vault");

        OpenIdConnectConfiguration found = await DiscoverAsync(bed);

        Assert.Equal(2, found.SigningKeys.Count);
        foreach (string token in (string[])[first, second])
        {
            TokenValidationResult good = await JudgeAsync(found, token, "vault");
            Assert.True(good.IsValid, $"{good.Exception}");
            Assert.Equal("system:serviceaccount:default:robot", good.ClaimsIdentity.FindFirst("sub")!.Value);
            Assert.False((await JudgeAsync(found, token, "https://kubernetes.default.svc.cluster.local")).IsValid);
        }

        using X509Certificate2 n8 = bed.Node("n8");
        string[] bad = [await ForeignAsync(bed, bed.Stranger()), await ForeignAsync(bed, n8), first[..^4] + (first.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA")];
        foreach (string token in bad)
            Assert.IsAssignableFrom<SecurityTokenException>((await JudgeAsync(found, token, "vault")).Exception);
    }

    [Fact]
    public async Task A_key_that_somebody_else_has_written_is_not_served_and_goes_with_the_next_that_is_published()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.MakeAsync("ServiceAccount", """{"metadata":{"name":"robot"}}""");
        await TokenAsync(bed, "vault");
        using X509Certificate2 n7 = bed.Node("n7");
        await bed.Api.ModifyAsync(bed.Api.Kinds.Of("", "ConfigMap"), TokenKeys.Space, TokenKeys.Name, current =>
        {
            JsonObject data = current.Document["data"]!.AsObject();
            data["user"] = Pem(bed.User("jane", "dev"));
            data["stranger"] = Pem(bed.Stranger());
            data["over"] = Pem(bed.Expired());
            data["junk"] = "-----BEGIN CERTIFICATE-----";
            return current.Document;
        }, WriteOptions.Plain);
        Assert.Single((await DiscoverAsync(bed)).SigningKeys);

        bed.MoveTo(n7);
        await TokenAsync(bed, "vault");
        Assert.Equal(2, (await bed.Api.GetAsync(bed.Api.Kinds.Of("", "ConfigMap"), TokenKeys.Space, TokenKeys.Name)).Document["data"]!.AsObject().Count);

        // Who deletes the keys takes from nobody what the host that signs now can verify.
        await bed.Api.DeleteAsync(bed.Api.Kinds.Of("", "ConfigMap"), TokenKeys.Space, TokenKeys.Name, new DeleteOptions());
        Assert.Equal(bed.IssuerOf(n7).KeyId, Assert.Single((await DiscoverAsync(bed)).JsonWebKeySet.Keys).Kid);
    }

    /// <summary>Upstream's role system:service-account-issuer-discovery is bound to system:serviceaccounts.</summary>
    [Fact]
    public async Task Service_accounts_may_read_them_and_nobody_else_without_a_role()
    {
        await using FrontBed bed = await FrontBed.StartAsync(hasRoles: true);
        foreach ((string kind, JsonObject document) in BootstrapPolicy.Objects())
        {
            document["kind"] = kind;
            document["apiVersion"] = "rbac.authorization.k8s.io/v1";
            await bed.Api.CreateAsync(bed.Api.Kinds.Of(RbacPolicy.Group, kind), "", document, WriteOptions.Plain);
        }

        await bed.MakeAsync("ServiceAccount", """{"metadata":{"name":"robot"}}""");
        string token = await TokenAsync(bed, TokenClaims.Issuer);
        foreach (string path in (string[])[Configuration, Keys])
        {
            using var asked = new HttpRequestMessage(HttpMethod.Get, new Uri(bed.N2.ApiAddress, path)) { Version = HttpVersion.Version20 };
            asked.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
            using HttpResponseMessage robot = await bed.ClientOf(null).SendAsync(asked), jane = await bed.ClientOf(bed.User("jane", "dev")).GetAsync(new Uri(bed.N2.ApiAddress, path)), nobody = await bed.ClientOf(null).GetAsync(new Uri(bed.N2.ApiAddress, path));
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized), (robot.StatusCode, jane.StatusCode, nobody.StatusCode));
        }
    }

    private static HttpClient Admin(FrontBed bed) => bed.ClientOf(bed.User("admin", "system:masters"));

    private static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";

    private static async Task<string> TokenAsync(FrontBed bed, string audience)
    {
        using var body = new StringContent(new JsonObject { ["spec"] = new JsonObject { ["audiences"] = new JsonArray(audience) } }.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await Admin(bed).PostAsync(new Uri(bed.N1.ApiAddress, "/api/v1/namespaces/default/serviceaccounts/robot/token"), body);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["status"]!["token"]!;
    }

    private static async Task<string> ForeignAsync(FrontBed bed, X509Certificate2 signer) => bed.SignedBy(signer, await TokenAsync(bed, "vault"));

    private static Task<OpenIdConnectConfiguration> DiscoverAsync(FrontBed bed) =>
        OpenIdConnectConfigurationRetriever.GetAsync(new Uri(bed.N2.ApiAddress, Configuration).ToString(), new HttpDocumentRetriever(Admin(bed)), CancellationToken.None);

    private static Task<TokenValidationResult> JudgeAsync(OpenIdConnectConfiguration found, string token, string audience) => new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(token, new TokenValidationParameters
    {
        ValidIssuer = found.Issuer,
        ValidAudience = audience,
        IssuerSigningKeys = found.SigningKeys,
        ValidAlgorithms = found.IdTokenSigningAlgValuesSupported,
        ValidateIssuerSigningKey = true,
    });
}
