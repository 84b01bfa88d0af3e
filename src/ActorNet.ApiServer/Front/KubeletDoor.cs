using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Front;

/// <summary>The kubelet port of a host, for nodes and administrators (kubernetes pkg/kubelet/server: the same texts).</summary>
/// <param name="authentication">Says who asks.</param>
/// <param name="answer">Answers.</param>
/// <param name="counters">Counts who is refused.</param>
internal sealed class KubeletDoor(Authentication authentication, RequestDelegate answer, PortCounters counters)
{
    /// <summary>Answers one request.</summary>
    public Task HandleAsync(HttpContext context)
    {
        Caller? caller = authentication.Judge(context);
        if (caller is null || caller == Caller.Anonymous)
            return RefuseAsync(context, "Unauthorized\n", StatusCodes.Status401Unauthorized);
        if (!caller.IsNode && !caller.IsMaster)
            return RefuseAsync(context, $"Forbidden (user={caller.User}, verb={Verb(context.Request.Method)}, resource=nodes, subresource=proxy)\n", StatusCodes.Status403Forbidden);
        context.Features.Set(caller);
        return context.Request.Path == "/healthz" ? Answer.TextAsync(context, "ok") : answer(context);
    }

    private Task RefuseAsync(HttpContext context, string why, int code)
    {
        counters.CountRefused();
        return Answer.TextAsync(context, why, code);
    }

    private static string Verb(string method) => method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    };
}
