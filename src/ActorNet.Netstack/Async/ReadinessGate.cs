namespace ActorNet.Netstack;

/// <summary>Lets one task wait until a socket has something. Armed and opened in the owner's turns only, awaited anywhere.</summary>
internal sealed class ReadinessGate
{
    private TaskCompletionSource? _waiting;

    /// <summary>The task that ends at the next <see cref="Open"/>.</summary>
    public Task Arm() => (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Open()
    {
        _waiting?.TrySetResult();
        _waiting = null;
    }
}
