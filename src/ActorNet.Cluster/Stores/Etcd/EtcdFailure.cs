using ActorNet.Kubernetes.Storage;
using Grpc.Core;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>What etcd's refusals mean (etcd api/v3rpc/rpctypes/error.go).</summary>
internal static class EtcdFailure
{
    /// <summary>ErrGRPCCompacted.</summary>
    internal static bool IsCompacted(RpcException failure) => failure.StatusCode == StatusCode.OutOfRange && failure.Status.Detail.Contains("has been compacted", StringComparison.Ordinal);

    /// <summary>ErrGRPCFutureRev.</summary>
    internal static bool IsFuture(RpcException failure) => failure.StatusCode == StatusCode.OutOfRange && failure.Status.Detail.Contains("future revision", StringComparison.Ordinal);

    /// <summary>Whether the same may be asked again: etcd was not reached, has no leader or has too much to do.</summary>
    internal static bool IsPassing(RpcException failure) =>
        failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Unknown or StatusCode.Internal or StatusCode.Aborted
        || (failure.StatusCode == StatusCode.ResourceExhausted && failure.Status.Detail.Contains("too many requests", StringComparison.Ordinal));

    /// <summary>What is said of it.</summary>
    /// <param name="failure">What gRPC told.</param>
    /// <param name="at">Which etcd.</param>
    /// <param name="writes">Whether the request may have changed something.</param>
    internal static StoreException Of(RpcException failure, Uri at, bool writes)
    {
        string said = failure.Status.Detail;
        if (IsPassing(failure))
            return new StoreUnavailableException($"etcd at {at} cannot be asked now: {Root(failure)}", writes && !IsRefused(failure), failure);
        return failure.StatusCode switch
        {
            StatusCode.ResourceExhausted when said.Contains("space exceeded", StringComparison.Ordinal) => new StoreException(
                $"etcd at {at} is full ({said}): it refuses writes and keeps reads. Give it more --quota-backend-bytes, or compact and defragment it, and end the alarm with `etcdctl alarm disarm`.", failure),
            StatusCode.PermissionDenied or StatusCode.Unauthenticated => new StoreException($"etcd at {at} does not let this host in ({said}): it wants a certificate or a user that may read and write the keys.", failure),
            _ => new StoreException($"etcd at {at} refused: {said}", failure),
        };
    }

    private static bool IsRefused(RpcException failure) => Innermost(failure) is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionRefused };

    private static string Root(RpcException failure) => Innermost(failure) is { } inner and not RpcException ? inner.Message : failure.Status.Detail;

    private static Exception Innermost(RpcException failure)
    {
        Exception inner = failure.Status.DebugException ?? failure;
        while (inner.InnerException is { } next)
            inner = next;
        return inner;
    }
}
