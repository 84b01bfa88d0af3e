using System.Text;
using ActorNet.Cli.Host.Linux;

namespace ActorNet.Cli.Host;

/// <summary>The file that takes the place of a host's standard output and standard error, from its start on.</summary>
internal sealed class HostLog : IDisposable
{
    private readonly FileStream _file;

    private HostLog(FileStream file) => _file = file;

    /// <summary>Opens the file anew and sends there what is printed. On Linux the process becomes a session of its own, and what the runtime itself prints, a crash's last words, goes there too.</summary>
    /// <param name="path">The file; its directory is made.</param>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public static HostLog Open(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var log = new HostLog(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
            log.TakeOver();
            return log;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--log-file {path} cannot be written: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Console.Out.Flush();
        _file.Dispose();
    }

    private void TakeOver()
    {
        Stream stream = _file;
        if (OperatingSystem.IsLinux())
        {
            // One offset for what is printed here and what the runtime prints: the stream of the console writes where the file is, a FileStream where it believes to be.
            HostSession.Begin(_file.SafeFileHandle);
            stream = Console.OpenStandardOutput();
        }

        TextWriter writer = TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
        Console.SetOut(writer);
        Console.SetError(writer);
    }
}
