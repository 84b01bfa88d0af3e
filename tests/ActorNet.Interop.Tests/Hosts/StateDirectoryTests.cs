namespace ActorNet.Interop.Tests.Hosts;

/// <summary>A state directory that cannot be written or is full, as a file system of its own: refused before anything is started, with nothing left behind.</summary>
public sealed class StateDirectoryTests
{
    private static readonly string[] Runtime = [System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "actornet.dll")];

    [Theory]
    [InlineData("ro", "up", "cannot be written", "Read-only file system")]
    [InlineData("ro", "node", "cannot be written", "Read-only file system")]
    [InlineData("size=2m", "up", "3 new hosts need at least 24 MiB", "another disk")]
    [InlineData("size=64k", "node", "a new host needs at least 8 MiB", "another disk")]
    [InlineData("size=4k,nr_inodes=1", "up", "cannot be written", "No space left on device")]
    public async Task What_cannot_hold_a_host_is_refused(string mount, string command, params string[] said)
    {
        Need.Root("it mounts a file system");
        Need.Tool("unshare", "mount");
        string directory = Directory.CreateTempSubdirectory("ans-").FullName;
        try
        {
            string[] arguments = command == "up"
                ? ["up", "--detach", "--state-dir", directory, "--address", "127.0.77.1"]
                : ["node", "--init", "--name", "n1", "--address", "127.0.77.1", "--state-dir", directory];
            // The mount is seen in the namespace of this one command; what stands there behind the refusal is listed before it goes.
            const string Script = "mount -t tmpfs -o \"$1\" none \"$2\" && shift && d=\"$1\" && shift && { \"$@\"; code=$?; ls -A \"$d\"; exit $code; }";
            CommandResult result = await ProcessRunner.RunAsync(["unshare", "--mount", "sh", "-c", Script, "sh", mount, directory, .. Runtime, .. arguments]);
            Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}\n{result.Output}\n{result.Error}");
            Assert.All(said, s => Assert.Contains(s, result.Error, StringComparison.Ordinal));
            Assert.Contains(directory, result.Error, StringComparison.Ordinal);
            Assert.Equal("", result.Output.Trim());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
