using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>Where a transfer's bytes go: standard output, or a file that is made when the first byte comes.</summary>
/// <param name="context">Streams and files.</param>
/// <param name="console">For warnings.</param>
/// <param name="file">File, or null for standard output.</param>
/// <param name="createDirectories">--create-dirs.</param>
internal sealed class CurlOutput(ProgramContext context, CurlConsole console, string? file, bool createDirectories) : IAsyncDisposable
{
    private Stream? _stream;

    /// <summary>The file's name, or null.</summary>
    public string? File => file;

    /// <summary>Writes.</summary>
    /// <param name="data">Bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CurlFailure">23: the file or the reader takes nothing more.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            _stream ??= await OpenAsync().ConfigureAwait(false);
            await _stream.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new CurlFailure(CurlCode.WriteError, "Failure writing output to destination", e);
        }
    }

    /// <summary>Makes the file that a transfer without a byte leaves.</summary>
    public ValueTask FinishAsync() => file is null || _stream is not null ? ValueTask.CompletedTask : WriteAsync(default, CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (file is not null && _stream is not null)
            await _stream.DisposeAsync().ConfigureAwait(false);
        _stream = null;
    }

    private async ValueTask<Stream> OpenAsync()
    {
        if (file is null)
            return context.Output;
        try
        {
            if (createDirectories)
                AddDirectories(FileTree.Join(context.WorkingDirectory, file));
            return context.OpenWrite(file, FileWriteMode.Truncate);
        }
        catch (FileException e)
        {
            await console.WarnAsync($"Failed to open the file {file}: {e.Message}").ConfigureAwait(false);
            throw;
        }
    }

    private void AddDirectories(string path)
    {
        for (int slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (!context.Files.TryStat(path[..slash], out _))
                context.Files.CreateDirectory(path[..slash]);
        }
    }
}
