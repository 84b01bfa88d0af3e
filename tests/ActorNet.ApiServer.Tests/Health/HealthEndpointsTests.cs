using System.Text;
using ActorNet.ApiServer.Health;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Tests.Health;

/// <summary>Upstream's cases: apiserver pkg/server/healthz/healthz_test.go, TestMultipleChecks, TestGetExcludedChecks, with its check "bad" that says "this will fail".</summary>
public sealed class HealthEndpointsTests
{
    private static readonly HealthCheck Bad = new("bad", static () => "this will fail");

    [Theory]
    [InlineData("/healthz", "", "[+]ping ok\nhealthz check passed\n", 200, false)]
    [InlineData("/healthz", "bad", "[+]ping ok\n[-]bad failed: reason withheld\nhealthz check failed\n", 500, false)]
    [InlineData("/healthz?exclude=bad", "bad", "[+]ping ok\n[+]bad excluded: ok\nhealthz check passed\n", 200, false)]
    [InlineData("/healthz?exclude=dontexist", "bad", "[+]ping ok\n[-]bad failed: reason withheld\nwarn: some health checks cannot be excluded: no matches for \"dontexist\"\nhealthz check failed\n", 500, false)]
    [InlineData("/healthz?exclude=dontexist", "", "[+]ping ok\nwarn: some health checks cannot be excluded: no matches for \"dontexist\"\nhealthz check passed\n", 200, false)]
    [InlineData("/healthz?exclude=bad&exclude=dontexist&exclude=another", "bad", "[+]ping ok\n[+]bad excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"another\",\"dontexist\"\nhealthz check passed\n", 200, false)]
    [InlineData("/livez/ping", "bad", "ok", 200, true)]
    [InlineData("/healthz/bad", "bad", "internal server error: this will fail\n", 500, true)]
    public async Task Checks_are_told_in_upstreams_words(string url, string bad, string verbose, int code, bool isOne)
    {
        var health = new HealthEndpoints(bad.Length == 0 ? [HealthCheck.Ping] : [HealthCheck.Ping, Bad]);
        Assert.Equal((code, code == 200 ? "ok" : verbose), await AskAsync(health, url));
        if (!isOne)
            Assert.Equal((code, verbose), await AskAsync(health, url + (url.Contains('?', StringComparison.Ordinal) ? "&verbose" : "?verbose=true")));
    }

    [Fact]
    public async Task What_concerns_readiness_alone_is_no_part_of_the_others()
    {
        var health = new HealthEndpoints(HealthCheck.Ping, Bad with { OnlyReadiness = true });
        Assert.Equal((500, "[+]ping ok\n[-]bad failed: reason withheld\nreadyz check failed\n"), await AskAsync(health, "/readyz"));
        foreach (string other in new[] { "livez", "healthz" })
        {
            Assert.Equal((200, $"[+]ping ok\n{other} check passed\n"), await AskAsync(health, $"/{other}?verbose"));
            Assert.Equal(404, (await AskAsync(health, $"/{other}/bad")).Code);
        }
    }

    private static async Task<(int Code, string Text)> AskAsync(HealthEndpoints health, string url)
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        int query = url.IndexOf('?', StringComparison.Ordinal);
        (context.Request.Path, context.Request.QueryString) = query < 0 ? (url, default) : (url[..query], new QueryString(url[query..]));
        await health.AnswerAsync(context);
        Assert.StartsWith("text/plain", context.Response.ContentType, StringComparison.Ordinal);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()));
    }
}
