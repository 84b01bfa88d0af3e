using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace ActorNet.Cluster.Stores.Linux;

/// <summary>
/// Makes the names in a directory durable: on Linux a new or renamed file outlives a power cut only when its directory was synchronised too
/// (fsync(2)). .NET opens no directories.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Waits until the names in a directory are on disk.</summary>
    /// <exception cref="IOException">The directory cannot be opened or synchronised.</exception>
    public static void Flush(string directory)
    {
        int descriptor = Open(directory, ReadOnly);
        if (descriptor < 0)
            throw Failed("open", directory);
        try
        {
            if (Synchronise(descriptor) < 0)
                throw Failed("synchronise", directory);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string what, string directory) =>
        new($"cannot {what} the directory {directory}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronise(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
