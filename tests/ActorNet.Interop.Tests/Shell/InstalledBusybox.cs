namespace ActorNet.Interop.Tests.Shell;

/// <summary>A folder with a link for each of busybox's programs, as its image has them; made by the first test that asks, for all.</summary>
public sealed class InstalledBusybox : IDisposable
{
    private string? _folder;

    /// <summary>The folder.</summary>
    public async Task<string> FolderAsync()
    {
        if (_folder is not null)
            return _folder;
        string folder = Directory.CreateTempSubdirectory("shell-judge-bin").FullName;
        (await ProcessRunner.RunAsync([Need.Find("busybox")!, "--install", "-s", folder])).EnsureSuccess();
        // Debian's busybox is built without printenv, which the image has.
        File.CreateSymbolicLink(Path.Combine(folder, "printenv"), Need.Find("printenv")!);
        return _folder = folder;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }
}
