using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Shell;

/// <summary>An open file that several shells and programs share; it is closed when the last lets go.</summary>
/// <param name="stream">The stream.</param>
/// <param name="isOwned">Whether it is closed at the end: what the shell was given is not its to close.</param>
internal sealed class OpenFile(Stream stream, bool isOwned)
{
    private int _holders = 1;

    public Stream Stream => stream;

    public OpenFile Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && isOwned)
            stream.Dispose();
    }
}

/// <summary>A shell's descriptors: numbers for open files.</summary>
internal sealed class Descriptors : IDisposable
{
    /// <summary>The highest number that may be used.</summary>
    public const int Max = 255;

    private readonly Dictionary<int, OpenFile> _files = [];

    public Descriptors(Stream input, Stream output, Stream error)
    {
        _files[0] = new OpenFile(input, false);
        _files[1] = new OpenFile(output, false);
        _files[2] = new OpenFile(error, false);
    }

    private Descriptors()
    {
    }

    public Stream this[int number] => _files.TryGetValue(number, out OpenFile? file) ? file.Stream : ClosedStream.Instance;

    public Descriptors Fork()
    {
        var copy = new Descriptors();
        foreach ((int number, OpenFile file) in _files)
            copy._files[number] = file.Share();
        return copy;
    }

    public OpenFile? Find(int number) => _files.GetValueOrDefault(number);

    /// <summary>Puts a file under a number; what was there is let go.</summary>
    public void Put(int number, OpenFile file)
    {
        Close(number);
        _files[number] = file;
    }

    public void Close(int number)
    {
        if (_files.Remove(number, out OpenFile? old))
            old.Release();
    }

    public void Dispose()
    {
        foreach (OpenFile file in _files.Values)
            file.Release();
        _files.Clear();
    }
}
