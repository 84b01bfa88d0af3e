using ActorNet.Dataplane.Inspection;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netfilter;

/// <summary>`iptables-restore` 1.8.9 of the nf_tables variant: -n, -c, -w, a file or standard input.</summary>
public sealed class IptablesRestoreProgram : IProgram
{
    // What a program may make the namespace's owner read in one turn, in characters.
    private const int MaxText = 64 << 20;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        bool noFlush = false;
        bool counters = false;
        string? file = null;
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "-n" or "--noflush":
                    noFlush = true;
                    break;
                case "-c" or "--counters":
                    counters = true;
                    break;
                case "-w" or "--wait":
                    // The lock of the tables is never taken for longer than a turn; its seconds say nothing here.
                    if (i + 1 < args.Count && int.TryParse(args[i + 1], out _))
                        i++;
                    break;
                case "-V" or "--version":
                    await context.Stdout.WriteAsync("iptables-restore v1.8.9 (nf_tables)\n").ConfigureAwait(false);
                    return 0;
                case ['-', _, ..]:
                    await context.Stderr.WriteAsync($"iptables-restore: not emulated or unknown: {args[i]}; there are -n, -c and -w\n").ConfigureAwait(false);
                    return 1;
                default:
                    file = args[i];
                    break;
            }
        }

        if (await ReadAsync(context, file).ConfigureAwait(false) is not { } text)
            return 1;
        return await NetfilterTools.RunAsync(context, "iptables-restore", new RestoreRules(text, noFlush, counters)).ConfigureAwait(false);
    }

    private static async Task<string?> ReadAsync(ProgramContext context, string? file)
    {
        try
        {
            using StreamReader? opened = file is null ? null : new StreamReader(context.Files.OpenRead(Files.FileTree.Join(context.WorkingDirectory, file)));
            TextReader from = opened ?? context.Stdin;
            var text = new System.Text.StringBuilder();
            char[] buffer = new char[8192];
            int read;
            while ((read = await from.ReadAsync(buffer, context.Cancellation).ConfigureAwait(false)) > 0)
            {
                if (text.Length + read > MaxText)
                {
                    await context.Stderr.WriteAsync($"iptables-restore: the text is longer than {MaxText} characters\n").ConfigureAwait(false);
                    return null;
                }

                text.Append(buffer, 0, read);
            }

            return text.ToString();
        }
        catch (Files.FileException e)
        {
            await context.Stderr.WriteAsync($"Can't open {file}: {e.Message}\n").ConfigureAwait(false);
            return null;
        }
    }
}
