using System.Globalization;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The room on the store's disk. The log's pages are mapped into memory, and a page for which the disk has no room ends the process (SIGBUS, mmap(2)),
/// so a write is refused while there is still room for what the log has under way. What the log must write for itself, as the first entry of
/// a leader's term, takes a file that was set aside for that.
/// </summary>
/// <param name="directory">The store's directory.</param>
/// <param name="reserve">So many bytes stay free for what is under way.</param>
internal sealed class StoreRoom(string directory, long reserve)
{
    private const long AsideBytes = 4 << 20, EnoughForOwn = 1 << 20, TooLittleForOwn = 64 << 10;

    private readonly string _aside = Path.Combine(directory, "set-aside");
    private readonly DriveInfo _disk = new(directory);

    /// <summary>So many bytes stay free. A test fills a disk by raising it.</summary>
    public long Reserve { get; set; } = reserve;

    /// <summary>Why nothing can be written now, or null.</summary>
    public string? Problem
    {
        get
        {
            try
            {
                return _disk.AvailableFreeSpace is var free && free < Reserve ? Describe(free) : null;
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                return $"the disk of the store in {directory} cannot be asked for its room: {unreadable.Message}";
            }
        }
    }

    /// <summary>Whether so many bytes can be written without touching what is kept free.</summary>
    public bool Has(long bytes) => _disk.AvailableFreeSpace - bytes >= Reserve;

    /// <summary>To be asked before something is written that can be refused.</summary>
    /// <param name="bytes">How much.</param>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void Need(long bytes)
    {
        long free = _disk.AvailableFreeSpace;
        if (free - bytes < Reserve)
            throw new StoreFullException(Describe(free));
        if (free - bytes >= Reserve + AsideBytes && !File.Exists(_aside))
            SetAside();
    }

    /// <summary>To be asked before the log writes something small for itself.</summary>
    /// <exception cref="StoreFullException">There is no room at all.</exception>
    public void NeedForOwn()
    {
        if (_disk.AvailableFreeSpace >= EnoughForOwn)
            return;
        File.Delete(_aside);
        if (_disk.AvailableFreeSpace is var free && free < TooLittleForOwn)
            throw new StoreFullException(Describe(free));
    }

    // With its blocks: a file that has only a length takes no room.
    private void SetAside()
    {
        try
        {
            using var aside = new FileStream(_aside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, PreallocationSize = AsideBytes });
        }
        catch (IOException)
        {
            // Another one took the room meanwhile: next time.
        }
    }

    private string Describe(long free) => string.Create(
        CultureInfo.InvariantCulture,
        $"the disk of the store in {directory} has {free / 1048576.0:0.0} MiB free, and the store writes while it has {Reserve / 1048576.0:0.#} MiB: make room there. Reads go on, and writes will.");
}
