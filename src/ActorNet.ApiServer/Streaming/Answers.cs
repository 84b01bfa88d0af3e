using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Refusals of streams.</summary>
internal static class Answers
{
    /// <summary>A refusal as a kubelet writes it: text, which kubectl shows behind "unable to upgrade connection: ".</summary>
    public static Task RefuseAsync(HttpContext context, ApiException failure) => Answer.TextAsync(context, failure.Message, failure.Code);
}
