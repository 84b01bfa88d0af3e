namespace ActorNet.Cli.Client;

/// <summary>A capture that a host is sending.</summary>
/// <param name="response">The answer, disposed with this.</param>
/// <param name="file">The pcapng file as it comes.</param>
/// <param name="stop">Asks the host to end it.</param>
public sealed class RunningCapture(HttpResponseMessage response, Stream file, Func<Task> stop) : IDisposable
{
    /// <summary>The pcapng file as it comes; it ends after <see cref="StopAsync"/>, or with the namespace.</summary>
    public Stream File => file;

    /// <summary>Asks the host to send what is left and end the file. A host that is gone has ended it already.</summary>
    public async Task StopAsync()
    {
        try
        {
            await stop().ConfigureAwait(false);
        }
        catch (HttpRequestException)
        {
            // The host ended; so does its file.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => response.Dispose();
}
