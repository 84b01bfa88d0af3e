using System.Net.Http.Headers;

namespace ActorNet.Workloads.Curl;

/// <summary>Where a transfer goes next (curl lib/transfer.c Curl_follow).</summary>
internal sealed class CurlRedirects(CurlOptions options, CurlUrl first, CurlBody body)
{
    /// <summary>The URL to ask.</summary>
    public CurlUrl Url { get; private set; } = first;

    /// <summary>What to send.</summary>
    public CurlBody Body { get; private set; } = body;

    /// <summary>The method: -X stays through every redirect.</summary>
    public string Method => options.Method ?? Body.Method;

    /// <summary>User and password go to the first host only, unless it is said that others may be trusted.</summary>
    public bool SendsUser { get; private set; } = true;

    /// <summary>The Referer header; -e ";auto" has it follow.</summary>
    public string? Referer { get; private set; } = options.Referer?.Split(";auto")[0];

    private bool IsRefererAutomatic => options.Referer?.EndsWith(";auto", StringComparison.Ordinal) == true;

    /// <summary>Looks at a response.</summary>
    /// <param name="response">Response.</param>
    /// <param name="facts">What is noted.</param>
    /// <returns>Whether another request follows.</returns>
    /// <exception cref="CurlFailure">47: too many.</exception>
    public bool Take(HttpResponseMessage response, CurlFacts facts)
    {
        facts.Referer = Referer;
        facts.RedirectUrl = null;
        bool isRedirect = facts.Status is >= 300 and < 400 && response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues _);
        if (!isRedirect)
            return false;
        CurlUrl next = Url.Resolve(response.Headers.NonValidated["Location"].ToString());
        if (!options.Follow)
        {
            facts.RedirectUrl = next.ToString();
            return false;
        }

        if (options.MaxRedirects >= 0 && facts.Redirects >= options.MaxRedirects)
        {
            facts.RedirectUrl = next.ToString();
            throw new CurlFailure(CurlCode.TooManyRedirects, $"Maximum ({options.MaxRedirects}) redirects followed");
        }

        facts.Redirects++;
        if (IsRefererAutomatic)
            Referer = Url.ToString();
        SendsUser = options.FollowTrusted || (SendsUser && next.Host == Url.Host && next.Port == Url.Port && next.Scheme == Url.Scheme);
        // A POST becomes a GET for 301 and 302, all but HEAD for 303; 307 and 308 repeat what was sent.
        bool becomesGet = facts.Status is 301 or 302 ? Body.Method == "POST" : facts.Status == 303 && Body.Method != "HEAD";
        if (becomesGet)
            Body = new CurlBody("GET", null);
        Url = next;
        return true;
    }
}
