using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>One run of a tool: its streams, its files, its exit code so far.</summary>
internal sealed class ToolRun(ProgramContext context, string name)
{
    public ProgramContext Context => context;

    /// <summary>Standard output, kept back until there is enough or the tool ends.</summary>
    public ByteOutput Out { get; } = new(context.Output, context.Cancellation);

    /// <summary>The worst exit code so far.</summary>
    public int Code { get; private set; }

    public string Path(string file) => FileTree.Join(context.WorkingDirectory, file);

    /// <summary>Writes to standard error.</summary>
    public async ValueTask Error(string text)
    {
        try
        {
            if (text.Length > 0)
                await context.Error.WriteAsync(Encoding.UTF8.GetBytes(text), context.Cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // There is nowhere to say that.
        }
    }

    /// <summary>Notes a failure that does not end the run.</summary>
    /// <param name="message">What is said, or null for nothing.</param>
    /// <param name="code">The exit code that the failure asks for.</param>
    public async ValueTask WarnAsync(string? message, int code = 1)
    {
        Code = Math.Max(Code, code);
        if (message is not null)
            await Error($"{name}: {message}\n").ConfigureAwait(false);
    }

    /// <summary>Opens a file or, for "-", standard input; null when that fails, which is said.</summary>
    /// <param name="file">Name.</param>
    /// <param name="message">"can't open '{0}': {1}" or "{0}: {1}".</param>
    /// <param name="code">Exit code of a failure.</param>
    public async ValueTask<Stream?> OpenAsync(string file, string message = "can't open '{0}': {1}", int code = 1)
    {
        if (file == "-")
            return context.Input;
        try
        {
            return context.OpenRead(file);
        }
        catch (FileException e)
        {
            string text = e.Error == FileError.IsDirectory ? "read error: " + e.Message : string.Format(System.Globalization.CultureInfo.InvariantCulture, message, file, e.Message);
            await WarnAsync(text, code).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Does something with each word; a refused file operation is said, and the next word comes.</summary>
    /// <param name="words">Names of files.</param>
    /// <param name="use">What to do.</param>
    /// <param name="message">As "can't remove '{0}': {1}", of the name and the reason.</param>
    public async ValueTask ForEachFileAsync(IEnumerable<string> words, Func<string, ValueTask> use, string message)
    {
        foreach (string word in words)
        {
            try
            {
                await use(word).ConfigureAwait(false);
            }
            catch (FileException e)
            {
                await WarnAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, message, word, e.Message)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Calls with each input that can be opened: the named files, or standard input.</summary>
    public async ValueTask ForEachInputAsync(IReadOnlyList<string> files, Func<string, Stream, ValueTask> use, string message = "can't open '{0}': {1}", int code = 1)
    {
        foreach (string file in files.Count > 0 ? files : ["-"])
        {
            if (await OpenAsync(file, message, code).ConfigureAwait(false) is not { } stream)
                continue;
            try
            {
                await use(file, stream).ConfigureAwait(false);
            }
            finally
            {
                if (stream != context.Input)
                    await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Calls with each line of the inputs until the callback says false.</summary>
    public async ValueTask ForEachLineAsync(IReadOnlyList<string> files, Func<string, ValueTask<bool>> use, string message = "can't open '{0}': {1}", int code = 1)
    {
        bool goesOn = true;
        await ForEachInputAsync(files, async (_, stream) =>
        {
            var reader = new ByteLines(stream, context.Cancellation);
            while (goesOn && await reader.ReadAsync().ConfigureAwait(false) is { } line)
                goesOn = await use(line).ConfigureAwait(false);
        }, message, code).ConfigureAwait(false);
    }

    /// <summary>A text of the command line with one character per byte.</summary>
    public static string Bytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>The text of a string with one character per byte.</summary>
    public static string Text(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
