using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tests;

/// <summary>What a container runtime starts for a command, and what it says where it cannot: the texts are runc's, as clusters with containerd show them in pod statuses.</summary>
public sealed class ContainerCommandTests
{
    private const string Around = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";

    [Theory]
    [InlineData("serve", "exec: \"serve\": executable file not found in $PATH: unknown")]
    [InlineData("/app/serve", "exec: \"/app/serve\": stat /app/serve: no such file or directory: unknown")]
    [InlineData("./serve", "exec: \"./serve\": stat ./serve: no such file or directory: unknown")]
    [InlineData("/etc/hosts", "exec: \"/etc/hosts\": permission denied: unknown")]
    [InlineData("/etc", "exec: \"/etc\": is a directory: unknown")]
    [InlineData("", "exec: \"\": executable file not found in $PATH: unknown")]
    public void A_command_that_is_not_there_is_refused(string name, string why) =>
        Assert.Equal(Around + why, Assert.Throws<ContainerStartException>(() => Resolve("/", name)).Message);

    [Fact]
    public void Programs_are_found_by_name_and_wherever_an_image_has_them()
    {
        Assert.Equal(["sleep", "1"], Resolve("/", "sleep", "1"));
        Assert.Equal(["sh"], Resolve("/", "/bin/sh"));
        Assert.Equal(["/agnhost", "pause"], Resolve("/", "/agnhost", "pause"));
    }

    [Fact]
    public void A_script_that_may_be_executed_is_the_shells()
    {
        FileTree files = Files();
        files.AddText("/scripts/run", "#!/bin/sh\necho here\n");
        Assert.Equal(Around + "exec: \"/scripts/run\": permission denied: unknown", Assert.Throws<ContainerStartException>(() => Resolve(files, "/", "/scripts/run")).Message);
        files.SetMode("/scripts/run", 0x1ED);
        Assert.Equal(["sh", "/scripts/run", "now"], Resolve(files, "/", "/scripts/run", "now"));
        Assert.Equal(["sh", "./run"], Resolve(files, "/scripts", "./run"));
    }

    // runc libcontainer/rootfs_linux.go: MkdirAll of the process's cwd.
    [Fact]
    public void A_working_directory_that_is_missing_is_made_and_one_that_is_a_file_refused()
    {
        FileTree files = Files();
        Resolve(files, "/data/in", "sleep");
        Assert.True(files.Stat("/data/in").IsDirectory);
        Assert.Equal(Around + "error during container init: mkdir /etc/hosts: not a directory: unknown", Assert.Throws<ContainerStartException>(() => Resolve(files, "/etc/hosts", "sleep")).Message);
        Assert.Equal(Around + "error during container init: mkdir /etc/hosts: not a directory: unknown", Assert.Throws<ContainerStartException>(() => Resolve(files, "/etc/hosts/in", "sleep")).Message);
    }

    private static FileTree Files() => ContainerFiles.Create("p", null, Names, TimeProvider.System);

    private static IReadOnlyCollection<string> Names => ProgramTable.CreateDefault().Names;

    private static IReadOnlyList<string> Resolve(string directory, params string[] words) => Resolve(Files(), directory, words);

    private static IReadOnlyList<string> Resolve(FileTree files, string directory, params string[] words) =>
        ContainerCommand.Resolve(files, directory, ContainerFiles.DefaultPath, Names, words);
}
