using System.Security.Cryptography;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>md5sum, sha1sum, sha256sum, sha512sum [-c [-sw]] [FILE...]</summary>
internal sealed class DigestTool(string name, HashAlgorithmName algorithm) : Tool
{
    protected override string Name => name;

    protected override string Usage => $"{name} [-c[sw]] [FILE]...";

    protected override string Options => "cswb";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (!options.Has('c') && (options.Has('s') || options.Has('w')))
            throw Misuse();
        IReadOnlyList<string> files = options.Words.Count > 0 ? options.Words : ["-"];
        foreach (string file in files)
        {
            if (options.Has('c'))
                await CheckAsync(run, options, file).ConfigureAwait(false);
            else if (await DigestAsync(run, file).ConfigureAwait(false) is { } digest)
                await run.Out.WriteTextAsync($"{digest}  {file}\n").ConfigureAwait(false);
        }

        return 0;
    }

    private async ValueTask<string?> DigestAsync(ToolRun run, string file)
    {
        try
        {
            Stream stream = file == "-" ? run.Context.Input : run.Context.OpenRead(file);
            using var hash = IncrementalHash.CreateHash(algorithm);
            byte[] buffer = new byte[16_384];
            int read;
            while ((read = await stream.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false)) > 0)
                hash.AppendData(buffer, 0, read);
            if (stream != run.Context.Input)
                await stream.DisposeAsync().ConfigureAwait(false);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (FileException e)
        {
            await run.WarnAsync($"can't {(e.Error == FileError.IsDirectory ? "read" : "open")} '{file}': {e.Message}").ConfigureAwait(false);
            return null;
        }
    }

    // A list has lines of a digest, two characters, a name.
    private async ValueTask CheckAsync(ToolRun run, ToolOptions options, string list)
    {
        long total = 0;
        long failed = 0;
        bool wasOpened = false;
        await run.ForEachInputAsync([list], async (_, stream) =>
        {
            wasOpened = true;
            var lines = new ByteLines(stream, run.Context.Cancellation);
            while (await lines.ReadAsync().ConfigureAwait(false) is { } line)
            {
                total++;
                int gap = line.IndexOf("  ", StringComparison.Ordinal);
                if (gap < 0)
                    gap = line.IndexOf(" *", StringComparison.Ordinal);
                if (gap < 0)
                {
                    failed++;
                    await run.WarnAsync(options.Has('w') ? "invalid format" : null).ConfigureAwait(false);
                    continue;
                }

                string file = ToolRun.Text(line[(gap + 2)..]);
                bool isRight = string.Equals(await DigestAsync(run, file).ConfigureAwait(false), line[..gap], StringComparison.Ordinal);
                failed += isRight ? 0 : 1;
                if (!options.Has('s'))
                    await run.Out.WriteTextAsync($"{file}: {(isRight ? "OK" : "FAILED")}\n").ConfigureAwait(false);
            }
        }, "{0}: {1}").ConfigureAwait(false);
        await run.Out.FlushAsync().ConfigureAwait(false);
        if (failed > 0)
            await run.WarnAsync($"WARNING: {failed} of {total} computed checksums did NOT match").ConfigureAwait(false);
        else if (wasOpened && total == 0)
            await run.WarnAsync($"{list}: no checksum lines found").ConfigureAwait(false);
    }
}
