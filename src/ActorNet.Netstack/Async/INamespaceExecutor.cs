namespace ActorNet.Netstack;

/// <summary>
/// The door through which asynchronous programs reach the sockets of a namespace. The actor that owns the namespace implements it: work runs
/// one piece after the other in the owner's turns, in the order posted, and after each turn the owner calls <see cref="SocketLayer.Poll"/>
/// and flushes the namespace.
/// </summary>
public interface INamespaceExecutor
{
    /// <summary>Cancelled when the namespace is gone, or the process whose door this is was killed: its sockets are closed then, as a kernel does.</summary>
    CancellationToken Closed { get; }

    /// <summary>Cancelled when the namespace is gone, and its owner with it: work posted later never runs.</summary>
    CancellationToken Gone => Closed;

    /// <summary>Runs work in a turn of the owner. May be called from any thread; never blocks and never runs the work itself.</summary>
    /// <param name="work">What to do. It must not block.</param>
    void Post(Action<SocketLayer> work);
}

/// <summary>Awaitable forms of <see cref="INamespaceExecutor.Post"/>.</summary>
public static class NamespaceExecutorExtensions
{
    /// <summary>Runs work in a turn of the owner and brings its value back; the awaiter goes on elsewhere, never in the owner's turn.</summary>
    /// <param name="executor">The door.</param>
    /// <param name="work">What to do.</param>
    /// <exception cref="OperationCanceledException">The namespace is gone, or the process was killed.</exception>
    public static Task<T> RunAsync<T>(this INamespaceExecutor executor, Func<SocketLayer, T> work)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(work);
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        executor.Post(sockets =>
        {
            try
            {
                completion.TrySetResult(work(sockets));
            }
            catch (Exception e)
            {
                completion.TrySetException(e);
            }
        });
        return completion.Task.WaitAsync(executor.Closed);
    }

    /// <summary>Has work done in a turn of the owner when the process is killed while the namespace lives on: closing one of its sockets.</summary>
    /// <param name="executor">The door.</param>
    /// <param name="close">What to do.</param>
    /// <returns>To be disposed when the socket is closed otherwise.</returns>
    public static CancellationTokenRegistration CloseWhenKilled(this INamespaceExecutor executor, Action close)
    {
        ArgumentNullException.ThrowIfNull(executor);
        return executor.Closed == executor.Gone ? default : executor.Closed.UnsafeRegister(_ => executor.Post(_ => close()), null);
    }
}
