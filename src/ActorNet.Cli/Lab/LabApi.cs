using k8s;
using k8s.Models;

namespace ActorNet.Cli.Lab;

/// <summary>The Kubernetes API of a lab, as any client sees it: over HTTPS with a kubeconfig.</summary>
internal static class LabApi
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Opens a client.</summary>
    /// <param name="kubeconfig">The kubeconfig's path.</param>
    public static IKubernetes Open(string kubeconfig) => new k8s.Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(new FileInfo(kubeconfig)));

    /// <summary>Whether a node's condition Ready is True.</summary>
    /// <param name="node">The node.</param>
    public static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(static c => c is { Type: "Ready", Status: "True" }) == true;

    /// <summary>Asks until something is as wanted.</summary>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="ask">The question.</param>
    /// <param name="wanted">Whether the answer is it.</param>
    /// <param name="patience">How long.</param>
    /// <param name="what">What is waited for, for the error.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It did not come to be.</exception>
    public static async Task<T> UntilAsync<T>(Func<CancellationToken, Task<T>> ask, Func<T, bool> wanted, TimeSpan patience, string what, CancellationToken ct)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        string last = "no answer";
        try
        {
            while (true)
            {
                try
                {
                    T answer = await ask(limit.Token).ConfigureAwait(false);
                    if (wanted(answer))
                        return answer;
                    last = "not yet so";
                }
                catch (Exception e) when (e is HttpRequestException or k8s.Autorest.HttpOperationException)
                {
                    last = e.Message;
                }

                await Task.Delay(LookAgain, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new UsageException($"{what}: not within {patience.TotalSeconds} s; the API server last said: {last}.");
        }
    }
}
