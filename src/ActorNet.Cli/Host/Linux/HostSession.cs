using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ActorNet.Cli.Host.Linux;

/// <summary>Separates a host from the terminal of whoever started it.</summary>
[SupportedOSPlatform("linux")]
internal static class HostSession
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>
    /// Makes the process a session of its own (setsid(2)), which a terminal sends no signals, and gives it a file for its standard output and error
    /// (dup2(2)). Neither can fail for a process that another one started; where it does, the host goes on as it was.
    /// </summary>
    /// <param name="log">The file, open for writing.</param>
    public static void Begin(SafeFileHandle log)
    {
        _ = SetSession();
        bool held = false;
        try
        {
            log.DangerousAddRef(ref held);
            int file = (int)log.DangerousGetHandle();
            _ = Duplicate(file, StandardOutput);
            _ = Duplicate(file, StandardError);
        }
        finally
        {
            if (held)
                log.DangerousRelease();
        }
    }

    [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetSession();

    [DllImport("libc", EntryPoint = "dup2", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Duplicate(int from, int to);
}
