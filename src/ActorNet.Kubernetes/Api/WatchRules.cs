using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Api;

/// <summary>What a watch may ask for (apimachinery pkg/apis/meta/internalversion/validation).</summary>
internal static class WatchRules
{
    /// <summary>Checks the parameters.</summary>
    public static void Check(WatchOptions options)
    {
        var errors = new FieldErrors();
        if (options is { InitialEvents: true, Match: not "NotOlderThan" })
            errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        if (!errors.IsEmpty)
            throw ApiErrors.Invalid("meta.k8s.io", "ListOptions", "", errors);
    }
}
