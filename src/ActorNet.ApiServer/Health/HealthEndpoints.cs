using System.Text;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Health;

/// <summary>
/// Answers /healthz, /livez and /readyz, each alone or with the name of a check, in upstream's words (apiserver pkg/server/healthz/healthz.go,
/// handleRootHealth and adaptCheckToHandler). Who may see only the sum is not told what is wrong; who asks for one check is.
/// </summary>
/// <param name="checks">What is looked at, in the order of the answer.</param>
public sealed class HealthEndpoints(params IReadOnlyList<HealthCheck> checks)
{
    /// <summary>Whether a path is one of these.</summary>
    /// <param name="path">The path.</param>
    public static bool IsHealth(PathString path) => path.StartsWithSegments("/healthz") || path.StartsWithSegments("/livez") || path.StartsWithSegments("/readyz");

    /// <summary>Answers a request whose path is one of these.</summary>
    /// <param name="context">The request.</param>
    public Task AnswerAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        string path = (context.Request.Path.Value ?? "").Trim('/');
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string endpoint = slash < 0 ? path : path[..slash];
        IEnumerable<HealthCheck> asked = checks.Where(check => endpoint == "readyz" || !check.OnlyReadiness);
        return slash < 0 ? AllAsync(context, endpoint, asked) : OneAsync(context, asked.FirstOrDefault(check => check.Name == path[(slash + 1)..]));
    }

    private static Task AllAsync(HttpContext context, string endpoint, IEnumerable<HealthCheck> checks)
    {
        var excluded = new SortedSet<string>(context.Request.Query["exclude"].OfType<string>(), StringComparer.Ordinal);
        var text = new StringBuilder();
        bool hasFailed = false;
        foreach (HealthCheck check in checks)
        {
            if (excluded.Remove(check.Name))
            {
                text.Append($"[+]{check.Name} excluded: ok\n");
                continue;
            }

            bool isWrong = check.Defect() is not null;
            hasFailed |= isWrong;
            text.Append(isWrong ? $"[-]{check.Name} failed: reason withheld\n" : $"[+]{check.Name} ok\n");
        }

        if (excluded.Count > 0)
            text.Append($"warn: some health checks cannot be excluded: no matches for {string.Join(",", excluded.Select(static name => $"\"{name}\""))}\n");
        if (hasFailed)
            return TextAsync(context, $"{text}{endpoint} check failed\n", StatusCodes.Status500InternalServerError);
        return TextAsync(context, context.Request.Query.ContainsKey("verbose") ? $"{text}{endpoint} check passed\n" : "ok");
    }

    private static Task OneAsync(HttpContext context, HealthCheck? check) => check is null
        ? Answer.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound)
        : check.Defect() is { } defect
            ? TextAsync(context, $"internal server error: {defect}\n", StatusCodes.Status500InternalServerError)
            : TextAsync(context, "ok");

    private static Task TextAsync(HttpContext context, string text, int code = StatusCodes.Status200OK)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return Answer.TextAsync(context, text, code);
    }
}
