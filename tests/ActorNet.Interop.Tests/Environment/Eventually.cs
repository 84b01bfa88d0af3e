using System.Diagnostics;

namespace ActorNet.Interop.Tests;

/// <summary>Waits for something in another process that has no event to wait for.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Asks until the answer is yes, and fails when the bound passes. Each question runs a command, which takes long enough to be the pause
    /// between two questions.
    /// </summary>
    /// <param name="what">What is waited for, for the message.</param>
    /// <param name="question">The question; it starts a process.</param>
    /// <param name="bound">How long to ask; 60 s when null.</param>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> HoldsAsync(string what, Func<Task<bool>> question, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(question);
        var watch = Stopwatch.StartNew();
        while (!await question())
        {
            if (watch.Elapsed > (bound ?? DefaultBound))
                Assert.Fail($"not so within {(bound ?? DefaultBound).TotalSeconds} s: {what}");
        }
        return watch.Elapsed;
    }
}
