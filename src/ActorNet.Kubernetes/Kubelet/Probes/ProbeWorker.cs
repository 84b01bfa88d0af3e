using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Probes;

/// <summary>What a probe is for.</summary>
public enum ProbeKind
{
    /// <summary>Whether the container has started; the other two wait for it.</summary>
    Startup,

    /// <summary>Whether it lives; else it is restarted.</summary>
    Liveness,

    /// <summary>Whether it takes traffic.</summary>
    Readiness,
}

/// <summary>What is believed of a container, or what one attempt found.</summary>
public enum ProbeResult
{
    /// <summary>Nothing is known.</summary>
    Unknown,

    /// <summary>It passed.</summary>
    Success,

    /// <summary>It failed.</summary>
    Failure,
}

/// <summary>
/// One probe of one container: when it is to be made and what follows from its results (kubernetes pkg/kubelet/prober/worker.go). The first attempt is
/// made as soon as the initial delay is over and the container may be probed, as upstream does by its manual trigger; attempts never overlap.
/// </summary>
/// <param name="kind">What it is for.</param>
/// <param name="probe">Its settings; zero means the default.</param>
public sealed class ProbeWorker(ProbeKind kind, V1Probe probe)
{
    private readonly TimeSpan _initialDelay = TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0);
    private readonly TimeSpan _period = TimeSpan.FromSeconds(Positive(probe.PeriodSeconds, 10));
    private readonly int _successThreshold = Positive(probe.SuccessThreshold, 1);
    private readonly int _failureThreshold = Positive(probe.FailureThreshold, 3);
    private DateTimeOffset _next = DateTimeOffset.MaxValue;
    private ProbeResult _lastAttempt;
    private int _run;
    private long _attempt;
    private bool _isRunning;
    private bool _isOnHold = true;

    /// <summary>What it is for.</summary>
    public ProbeKind Kind => kind;

    /// <summary>Its settings.</summary>
    public V1Probe Probe => probe;

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Timeout { get; } = TimeSpan.FromSeconds(Positive(probe.TimeoutSeconds, 1));

    /// <summary>What is believed now.</summary>
    public ProbeResult Result { get; private set; } = Initial(kind);

    /// <summary>When the next attempt is due; never while one runs or none is wanted.</summary>
    public DateTimeOffset Next => _isRunning || _isOnHold ? DateTimeOffset.MaxValue : _next;

    /// <summary>A new run of the container.</summary>
    /// <param name="startedAt">When it started.</param>
    public void Begin(DateTimeOffset startedAt)
    {
        Result = Initial(kind);
        // What comes back of the old run is of no interest any more. As upstream, a run of equal results goes on over a restart.
        _attempt++;
        _isRunning = false;
        _isOnHold = false;
        _next = startedAt + _initialDelay;
    }

    /// <summary>The container has ended, or is probed no more: no attempts until the next run.</summary>
    /// <param name="result">What is believed from now on.</param>
    public void Hold(ProbeResult result)
    {
        Result = result;
        _isOnHold = true;
        _attempt++;
        _isRunning = false;
    }

    /// <summary>Begins an attempt where one is due.</summary>
    /// <param name="now">Now.</param>
    /// <param name="attempt">Its number, to be given back with the result.</param>
    /// <returns>False when none is due.</returns>
    public bool TryBegin(DateTimeOffset now, out long attempt)
    {
        attempt = _attempt;
        if (now < Next)
            return false;
        attempt = ++_attempt;
        _isRunning = true;
        // A ticker's tick that nobody took is taken late; those behind it are dropped.
        do
            _next += _period;
        while (_next <= now);
        return true;
    }

    /// <summary>An attempt is over.</summary>
    /// <param name="attempt">Its number.</param>
    /// <param name="result">What it found; unknown when the probe itself went wrong, which changes nothing.</param>
    /// <returns>Whether it was waited for; else nothing is changed by it.</returns>
    public bool Complete(long attempt, ProbeResult result)
    {
        if (attempt != _attempt || !_isRunning)
            return false;
        _isRunning = false;
        if (result == ProbeResult.Unknown)
            return true;
        _run = result == _lastAttempt ? _run + 1 : 1;
        _lastAttempt = result;
        if (_run < (result == ProbeResult.Failure ? _failureThreshold : _successThreshold))
            return true;
        Result = result;
        if (result == ProbeResult.Failure && kind != ProbeKind.Readiness)
        {
            _isOnHold = true;
            _run = 0;
        }

        return true;
    }

    private static ProbeResult Initial(ProbeKind kind) => kind switch
    {
        ProbeKind.Liveness => ProbeResult.Success,
        ProbeKind.Readiness => ProbeResult.Failure,
        _ => ProbeResult.Unknown,
    };

    private static int Positive(int? value, int fallback) => value is > 0 ? value.Value : fallback;
}
