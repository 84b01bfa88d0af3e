using System.Globalization;

namespace ActorNet.Interop.Tests.Disks;

/// <summary>Makes another process's fsync, fdatasync and msync slow, from outside: SlowSync.c, preloaded.</summary>
internal sealed class SlowSync : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("actornet-slow-");

    private string Library => Path.Combine(_directory.FullName, "slowsync.so");

    /// <summary>Compiles it.</summary>
    public static async Task<SlowSync> BuildAsync()
    {
        Need.Tool("gcc");
        var slow = new SlowSync();
        (await ProcessRunner.RunAsync(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", slow.Library, Path.Combine(AppContext.BaseDirectory, "Disks", "SlowSync.c"), "-ldl"])).EnsureSuccess();
        return slow;
    }

    /// <summary>What a process's environment needs for it.</summary>
    public IEnumerable<KeyValuePair<string, string>> Environment(TimeSpan delay) =>
    [
        new("LD_PRELOAD", Library),
        new("SYNC_DELAY_MS", ((long)delay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)),
    ];

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);
}
