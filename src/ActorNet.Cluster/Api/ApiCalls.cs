using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Serialization;
using ActorNet.Cluster.Stores;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Api;

/// <summary>The two ends of <see cref="ApiCall"/>: what a client writes into it, and what the API does with it.</summary>
internal static class ApiCalls
{
    /// <summary>Carries a call out; every failure becomes an answer.</summary>
    public static async Task<IWireMessage> RunAsync(ApiCall call, KubernetesApi api, long epoch, CancellationToken cancel)
    {
        try
        {
            KindDescriptor kind = api.Kinds.All.FirstOrDefault(each => each.Resource.ToString() == call.Topic) ?? throw ApiErrors.NoSuchResource();
            var client = new InProcessClient(api, call.Manager);
            return await RunAsync(call, client, kind, epoch, cancel).ConfigureAwait(false);
        }
        catch (ApiException failure)
        {
            return Failed(call, epoch, failure);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException or DocumentException)
        {
            return Failed(call, epoch, ApiErrors.BadRequest(exception.Message));
        }
        catch (StoreUnavailableException)
        {
            // It has no leader now, or lost one meanwhile: whoever asks asks again. A write that was done nevertheless meets itself, as one does that was
            // answered by an API server that went.
            return new ApiRecovering(call.RequestId, epoch);
        }
        catch (StoreException exception)
        {
            return Failed(call, epoch, ApiErrors.Internal(exception.Message));
        }
    }

    /// <summary>The options of a deletion as JSON.</summary>
    public static JsonObject Write(DeleteOptions options)
    {
        var body = new JsonObject();
        if (options.GracePeriodSeconds is { } grace)
            body["gracePeriodSeconds"] = grace;
        if (options.PropagationPolicy.Length > 0)
            body["propagationPolicy"] = options.PropagationPolicy;
        if (options.Uid.Length > 0)
            body["uid"] = options.Uid;
        if (options.ResourceVersion.Length > 0)
            body["resourceVersion"] = options.ResourceVersion;
        return body;
    }

    /// <summary>The failure that an answer tells of.</summary>
    public static ApiException Failure(ApiAnswer answer)
    {
        JsonObject status = answer.Json.Length == 0 ? [] : JsonNode.Parse(answer.Json) as JsonObject ?? [];
        return new ApiException(answer.Code, status.Text("reason"), status.Text("message"))
        {
            Name = status.Text("details.name"),
            Group = status.Text("details.group"),
            Kind = status.Text("details.kind"),
            RetryAfterSeconds = (int)(status.Number("details.retryAfterSeconds") ?? 0),
        };
    }

    private static async Task<ApiAnswer> RunAsync(ApiCall call, InProcessClient client, KindDescriptor kind, long epoch, CancellationToken cancel)
    {
        switch (call.Verb)
        {
            case ApiVerb.Get:
                return Done(call, epoch, await client.GetAsync(kind, call.Namespace, call.Name, cancel).ConfigureAwait(false));
            case ApiVerb.Create:
                return Done(call, epoch, await client.CreateAsync(kind, call.Namespace, Body(call), cancel).ConfigureAwait(false));
            case ApiVerb.Update:
                return Done(call, epoch, await client.UpdateAsync(kind, call.Namespace, call.Name, Body(call), call.Subresource, cancel).ConfigureAwait(false));
            case ApiVerb.Delete:
                JsonObject options = Body(call);
                DeleteResult deleted = await client.DeleteAsync(kind, call.Namespace, call.Name,
                    new DeleteOptions(options.Number("gracePeriodSeconds"), options.Text("propagationPolicy"), options.Text("uid"), options.Text("resourceVersion")), cancel).ConfigureAwait(false);
                return Done(call, epoch, deleted.Object) with { IsGone = deleted.IsGone };
            case ApiVerb.Bind:
                return new ApiAnswer(call.RequestId, epoch, 200, await client.BindAsync(call.Namespace, call.Name, Body(call).Text("node"), cancel).ConfigureAwait(false), false, []);
            default:
                PatchForm form = call.Verb switch { ApiVerb.JsonPatch => PatchForm.Json, ApiVerb.MergePatch => PatchForm.Merge, _ => PatchForm.Strategic };
                var patch = new PatchRequest(form, JsonNode.Parse(call.Body));
                return Done(call, epoch, await client.PatchAsync(kind, call.Namespace, call.Name, patch, call.Subresource, cancel).ConfigureAwait(false));
        }
    }

    private static JsonObject Body(ApiCall call) => JsonNode.Parse(call.Body) as JsonObject ?? throw ApiErrors.BadRequest("the body is no JSON object");

    private static ApiAnswer Done(ApiCall call, long epoch, ApiObject done) => new(call.RequestId, epoch, 200, done.Revision, false, StoredObjects.Published(done.Stored));

    private static ApiAnswer Failed(ApiCall call, long epoch, ApiException failure) => new(call.RequestId, epoch, failure.Code, 0, false, Encoding.UTF8.GetBytes(failure.ToStatus().ToJsonString()));
}
