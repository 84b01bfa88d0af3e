using System.Collections.Concurrent;
using ActorNet.Interop.Tests.Netns;
using ActorNet.TcpScripts;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>Runs of scripts against the kernel, each in a namespace of its own. A few run at a time, for nearly all of a run is waiting for the kernel's timers.</summary>
public sealed class KernelScriptRuns : IAsyncDisposable
{
    private const int AtATime = 4;
    private const int Attempts = 5;

    private readonly SemaphoreSlim _places = new(AtATime, AtATime);
    private readonly ConcurrentDictionary<string, Task> _runs = new(StringComparer.Ordinal);

    /// <summary>Runs a script, unless it was run, and begins the next ones.</summary>
    /// <param name="names">All scripts.</param>
    /// <param name="name">The script.</param>
    /// <exception cref="ScriptException">The kernel did something else each time.</exception>
    public Task RunAsync(IReadOnlyList<string> names, string name)
    {
        foreach (string next in names.SkipWhile(each => each != name).Take(AtATime))
            _runs.GetOrAdd(next, RunInTurnAsync);
        return _runs[name];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_runs.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _places.Dispose();
    }

    private async Task RunInTurnAsync(string name)
    {
        await _places.WaitAsync();
        try
        {
            TcpScript script = TcpScript.Load(TcpScript.Folder, name);
            await using NetnsLab lab = await NetnsLab.CreateAsync();
            int attempt = 1;
            while (!await IsObeyedAsync(lab, script, attempt))
                attempt++;
        }
        finally
        {
            _places.Release();
        }
    }

    // Its times are real ones, by hundredths of a second: where the machine stops the kernel or who watches it for a moment, the script is run again. What it
    // says wrongly of the kernel is wrong each time.
    private static async Task<bool> IsObeyedAsync(NetnsLab lab, TcpScript script, int attempt)
    {
        NetworkNamespace ns = await lab.AddNamespaceAsync($"tcp{attempt}");
        try
        {
            await KernelTcp.RunAsync(ns, script);
            return true;
        }
        catch (ScriptException) when (attempt < Attempts)
        {
            return false;
        }
    }
}
