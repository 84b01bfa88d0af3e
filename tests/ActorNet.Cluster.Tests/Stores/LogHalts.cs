using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>
/// Stops the log's library where it writes a message: it does that on the thread that goes on behind it, so that a test can act between two steps that
/// nothing else can be put between, as it is with a process that is frozen there.
/// </summary>
internal sealed class LogHalts : ILoggerFactory, ILogger
{
    // In 6.12, LogMessages.
    public const int Downgrading = 74000, NothingToCommit = 74016;

    private readonly ConcurrentDictionary<int, Halt> _halts = new();

    /// <summary>Who writes the message next stops there, and all who do after it, until the halt is disposed of.</summary>
    public Halt At(int message) => _halts[message] = new Halt();

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (_halts.TryGetValue(eventId.Id, out Halt? halt))
            halt.Pass();
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // There are none.
    }

    public void Dispose()
    {
        foreach (Halt halt in _halts.Values)
            halt.Dispose();
    }

    internal sealed class Halt : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when somebody stands there.</summary>
        public Task Reached => _reached.Task.WaitAsync(StoreTrio.Patience);

        public void Pass()
        {
            _reached.TrySetResult();
            _open.Wait(StoreTrio.Patience);
        }

        public void Dispose() => _open.Set();
    }
}
