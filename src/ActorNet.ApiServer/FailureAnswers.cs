using ActorNet.Cluster.Stores;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ActorNet.ApiServer;

/// <summary>Turns what a request failed of into the answer that its client understands.</summary>
/// <param name="log">Takes faults of the server's own.</param>
/// <param name="load">Counts what clients did.</param>
internal sealed class FailureAnswers(ILogger log, ApiLoad load)
{
    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="answer">Answers it, or throws.</param>
    public async Task RunAsync(HttpContext context, Func<HttpContext, Task> answer)
    {
        try
        {
            await answer(context).ConfigureAwait(false);
        }
        catch (ApiException failure)
        {
            await FailAsync(context, failure).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            load.CountSlowBody();
            await FailAsync(context, new ApiException(e.StatusCode, "Timeout", "the body of the request came too slowly")).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.Response.HasStarted)
        {
            // A watch whose client did not read was ended.
        }
        catch (StoreUnavailableException e)
        {
            // As apiserver answers while etcd has no leader: what surely was not done may be asked again, what may have been done timed out.
            await FailAsync(context, e.OutcomeUnknown
                ? new ApiException(StatusCodes.Status504GatewayTimeout, "Timeout", $"{e.Message}; the request may have been carried out")
                : ApiErrors.Unavailable(e.Message)).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            await FailAsync(context, ApiErrors.Internal(e.Message)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.LogError(e, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            await FailAsync(context, ApiErrors.Internal(e.GetType().Name)).ConfigureAwait(false);
        }
    }

    private static async Task FailAsync(HttpContext context, ApiException failure)
    {
        // What is under way cannot be taken back: the client sees its end.
        if (context.Response.HasStarted)
            context.Abort();
        else
            await Answer.FailureAsync(context, failure).ConfigureAwait(false);
    }
}
