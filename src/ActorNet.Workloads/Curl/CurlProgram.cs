using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>
/// curl: HTTP by the real HttpClient over the sockets of the namespace, with the options, words and exit codes of curl 7.88.1. What differs:
/// IPv4 only, no HTTP/2, a PUT or POST without a body says that its length is 0, one transfer at a time, and lines of -v about curl's own insides are left out.
/// </summary>
public sealed class CurlProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            CurlOptions options = args.Count > 0 ? CurlArguments.Parse(args) : throw new CurlUsageException("");
            if (options.Help || options.Version)
            {
                await context.Stdout.WriteAsync(options.Help ? CurlText.Help : CurlText.VersionText).ConfigureAwait(false);
                return CurlCode.Ok;
            }

            if (options.Urls.Count == 0)
                throw new CurlUsageException("no URL specified!");
            using var session = new CurlSession(context, options);
            return await session.RunAsync().ConfigureAwait(false);
        }
        catch (CurlUsageException e)
        {
            await context.Stderr.WriteAsync((e.Message.Length > 0 ? $"curl: {e.Message}\n" : "") + CurlText.Hint).ConfigureAwait(false);
            return e.Code;
        }
    }
}
