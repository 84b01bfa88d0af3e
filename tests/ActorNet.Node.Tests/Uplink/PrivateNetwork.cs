using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>Runs a test on a thread in a network namespace of its own, which ends with the thread and the sockets made there. Needs root.</summary>
internal static class PrivateNetwork
{
    private const int CloneNewNet = 0x4000_0000;

    /// <summary>Runs the action with lo up at an MTU; threads and processes that it starts are in the namespace too.</summary>
    public static void Run(int loopbackMtu, Action test)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Network namespaces are Linux's.");
        if (!Environment.IsPrivilegedProcess)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail("A network namespace needs root, and CI has it.");
            Assert.Skip("This test needs root, because it makes a network namespace. Run the tests with sudo, or in a privileged container.");
        }

        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                // On this thread only: the thread ends with the test and is never a pool thread.
                Assert.True(Unshare(CloneNewNet) == 0, Marshal.GetLastPInvokeErrorMessage());
                Ip($"link set lo up mtu {loopbackMtu}");
                test();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static void Ip(string arguments)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        string error = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        Assert.True(ip.ExitCode == 0, error);
    }

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unshare(int flags);
}
