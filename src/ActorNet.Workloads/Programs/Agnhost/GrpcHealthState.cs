namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>What grpc-health-checking answers: by its age, until somebody says otherwise.</summary>
/// <param name="run">The run, for its clock and its log.</param>
/// <param name="service">The service that it knows.</param>
/// <param name="delay">Seconds after which it is not serving any more; negative: never.</param>
internal sealed class GrpcHealthState(AgnhostRun run, string service, long delay)
{
    private bool _isForcedDown;

    /// <summary>How long it has run.</summary>
    public TimeSpan Age => run.Context.Time.GetElapsedTime(run.Started);

    /// <summary>The service that it knows.</summary>
    public string Service => service;

    /// <summary>Whether it serves. One that is past its delay is not made healthy by being told to serve, as upstream.</summary>
    public bool IsServing => !Volatile.Read(ref _isForcedDown) && (delay < 0 || Age.TotalSeconds < delay);

    /// <summary>Changes its answer.</summary>
    public void Force(bool isServing) => Volatile.Write(ref _isForcedDown, !isServing);

    /// <summary>Logs a request.</summary>
    public Task LogAsync(string text) => run.LogAsync(text);
}
