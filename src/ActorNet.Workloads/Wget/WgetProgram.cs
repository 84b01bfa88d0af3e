using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Wget;

/// <summary>
/// wget of busybox 1.35: HTTP by the real HttpClient over the namespace's sockets. -q -S -c -O -o -P -U -T --spider --header --post-data --post-file
/// --no-check-certificate; GNU's -nv, -t and others are taken and change nothing, as in busybox. There is no FTP, and the meter is
/// printed once, at the end.
/// </summary>
public sealed class WgetProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        Stream log = context.Error;
        try
        {
            var options = WgetOptions.Parse(args);
            if (options.LogFile is { } file)
                log = file == "-" ? context.Output : context.OpenWrite(file, FileWriteMode.Truncate);
            using var transfer = new WgetTransfer(context, options, Tell);
            foreach (string url in options.Urls)
                await transfer.RunAsync(url).ConfigureAwait(false);
            return 0;

            ValueTask Tell(string text) => options.Quiet ? ValueTask.CompletedTask : log.WriteAsync(Encoding.UTF8.GetBytes(text), context.Cancellation);
        }
        catch (WgetExit exit)
        {
            await log.WriteAsync(Encoding.UTF8.GetBytes(exit.Message), context.Cancellation).ConfigureAwait(false);
            return 1;
        }
        catch (FileException e)
        {
            await context.Stderr.WriteAsync($"wget: can't open log file: {e.Message}\n").ConfigureAwait(false);
            return 1;
        }
        finally
        {
            if (log != context.Error && log != context.Output)
                await log.DisposeAsync().ConfigureAwait(false);
        }
    }
}
