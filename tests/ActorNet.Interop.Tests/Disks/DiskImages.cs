namespace ActorNet.Interop.Tests.Disks;

/// <summary>
/// Disks that lose their power: ext4 file systems, each in a file of one btrfs, mounted through loop devices. All of it goes with the test.
/// </summary>
/// <remarks>
/// What a copy holds is what the kernel has given to the disk by then: what fsync, msync or the kernel's own writing back brought there. What a
/// process has in its memory, in memory that is mapped to a file, or in the page cache of the ext4, is not in it: that is what a power cut takes.
/// btrfs clones under the lock that the loop device's writes take, so a copy is of one instant, with what the loop device wrote before it. The disk
/// is thus one that loses nothing that it was given; a disk with a cache of its own would lose also what was not followed by its FLUSH.
/// <see cref="PowerCutTests.A_copy_of_a_disk_has_what_was_synchronised_and_nothing_else"/> looks whether that is so.
/// </remarks>
internal sealed class DiskImages : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("actornet-disks-").FullName;
    private readonly Stack<string> _mounted = new();

    private string Pool => Path.Combine(_root, "pool");

    /// <summary>Looks for what is needed, and makes the btrfs.</summary>
    public static async Task<DiskImages> CreateAsync()
    {
        Need.Root("it mounts file systems through loop devices");
        Need.Tool("mkfs.btrfs", "mkfs.ext4", "mount", "umount", "cp");
        if (!File.Exists("/dev/loop-control"))
            Need.Lacks("needs loop devices, and there is no /dev/loop-control. Run it where the kernel offers them (modprobe loop; a container needs --privileged).");
        var disks = new DiskImages();
        try
        {
            await disks.MakeAsync("pool", "mkfs.btrfs", 768 << 20);
            return disks;
        }
        catch
        {
            await disks.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a disk of 64 MiB and mounts it.</summary>
    /// <returns>Its directory.</returns>
    public Task<string> MakeAsync(string name) => MakeAsync(Path.Combine("pool", name), "mkfs.ext4", 64 << 20);

    /// <summary>Copies a disk as it is at this moment; it may be in use.</summary>
    public async Task CopyAsync(string name, string copy) =>
        (await ProcessRunner.RunAsync(["cp", "--reflink=always", ImageOf(name), ImageOf(copy)])).EnsureSuccess();

    /// <summary>Mounts a disk.</summary>
    /// <returns>Its directory.</returns>
    public async Task<string> MountAsync(string name)
    {
        string at = Directory.CreateDirectory(Path.Combine(_root, "at-" + name.Replace('/', '-'))).FullName;
        (await ProcessRunner.RunAsync(["mount", "-o", "loop", ImageOf(name), at])).EnsureSuccess();
        _mounted.Push(at);
        return at;
    }

    /// <summary>Takes all disks off; nobody may use them any more. They may be mounted again.</summary>
    public async Task UnmountAllAsync()
    {
        while (_mounted.Count > 1)
            await UnmountAsync();
    }

    /// <summary>Forgets a disk.</summary>
    public void Delete(string name) => File.Delete(ImageOf(name));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var failures = new List<string>();
        while (_mounted.Count > 0)
        {
            try
            {
                await UnmountAsync();
            }
            catch (CommandFailedException failure)
            {
                failures.Add(failure.Message);
            }
        }

        // Never delete through a mount that is still there.
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Directory.Delete(_root, recursive: true);
    }

    private string ImageOf(string name) => name == "pool" ? Path.Combine(_root, "pool.img") : Path.Combine(_root, "at-pool", Path.GetFileName(name) + ".img");

    private async Task<string> MakeAsync(string name, string format, long bytes)
    {
        await using (FileStream image = File.Create(ImageOf(name)))
            image.SetLength(bytes);
        (await ProcessRunner.RunAsync([format, "-q", ImageOf(name)])).EnsureSuccess();
        return await MountAsync(name);
    }

    // A process that was just killed may hold its files a moment longer.
    private async Task UnmountAsync()
    {
        string at = _mounted.Peek();
        for (int attempt = 1; ; attempt++)
        {
            CommandResult result = await ProcessRunner.RunAsync(["umount", at]);
            if (result.ExitCode == 0)
                break;
            if (attempt == 50)
            {
                await ProcessRunner.RunAsync(["umount", "--lazy", at]);
                _mounted.Pop();
                result.EnsureSuccess();
            }

            await Task.Delay(100);
        }

        _mounted.Pop();
    }
}
