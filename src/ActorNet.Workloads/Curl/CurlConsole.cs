using System.Text;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>What curl says on standard error. The connection's reader and writer may speak at the same time as the transfer: they take turns.</summary>
internal sealed class CurlConsole(ProgramContext context, CurlOptions options) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>A line of -v about what curl does.</summary>
    public ValueTask NoteAsync(string text) => options.Verbose ? WriteAsync($"* {text}\n") : ValueTask.CompletedTask;

    /// <summary>The head of a request or response for -v, line by line as it was on the wire.</summary>
    /// <param name="mark">"&gt; " or "&lt; ".</param>
    /// <param name="head">Bytes, the empty line included.</param>
    public async ValueTask ShowHeadAsync(string mark, ReadOnlyMemory<byte> head)
    {
        if (!options.Verbose)
            return;
        var text = new StringBuilder();
        foreach (string line in Encoding.Latin1.GetString(head.Span).Split('\n')[..^1])
            text.Append(mark).Append(line).Append('\n');
        await SendAsync(Encoding.Latin1.GetBytes(text.ToString())).ConfigureAwait(false);
    }

    /// <summary>A warning, unless -s.</summary>
    public ValueTask WarnAsync(string text) => options.Silent ? ValueTask.CompletedTask : WriteAsync($"Warning: {text}\n");

    /// <summary>Why a transfer failed, unless -s without -S.</summary>
    public ValueTask FailAsync(CurlFailure failure) =>
        options.Silent && !options.ShowError ? ValueTask.CompletedTask : WriteAsync($"curl: ({failure.Code}) {failure.Message}\n");

    /// <summary>Any text.</summary>
    public ValueTask WriteAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async ValueTask SendAsync(byte[] bytes)
    {
        await _turn.WaitAsync(context.Cancellation).ConfigureAwait(false);
        try
        {
            await context.Error.WriteAsync(bytes, context.Cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // There is nowhere to say that.
        }
        finally
        {
            _turn.Release();
        }
    }
}
