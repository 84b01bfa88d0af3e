using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>A run of curl: its URLs in their order, each with its target, retries and --write-out.</summary>
internal sealed class CurlSession(ProgramContext context, CurlOptions options) : IDisposable
{
    // RETRY_SLEEP_MAX.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(10);

    private readonly CurlConsole _console = new(context, options);

    /// <summary>Runs.</summary>
    /// <returns>The last transfer's exit code.</returns>
    public async Task<int> RunAsync()
    {
        var connector = new CurlConnector(context, options, _console);
        CurlOutput? heads = options.DumpHeader is { } file ? new CurlOutput(context, _console, file == "-" ? null : file, options.CreateDirectories) : null;
        try
        {
            using var transfer = new CurlTransfer(context, options, _console, connector);
            await connector.AddGivenAsync().ConfigureAwait(false);
            return await RunUrlsAsync(transfer, heads).ConfigureAwait(false);
        }
        catch (CurlFailure failure)
        {
            await _console.FailAsync(failure).ConfigureAwait(false);
            return failure.Code;
        }
        finally
        {
            if (heads is not null)
                await heads.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _console.Dispose();

    private async Task<int> RunUrlsAsync(CurlTransfer transfer, CurlOutput? heads)
    {
        int code = CurlCode.Ok;
        int number = 0;
        for (int i = 0; i < options.Urls.Count; i++)
        {
            CurlTarget target = i < options.Targets.Count ? options.Targets[i] : new CurlTarget(options.RemoteNameAll ? null : "-");
            string? upload = i < options.Uploads.Count ? options.Uploads[i] : null;
            foreach (string url in options.GlobOff ? [options.Urls[i]] : CurlGlob.Expand(options.Urls[i]))
            {
                code = await RunOneAsync(transfer, url, number++, target, upload, heads).ConfigureAwait(false);
                if (code != CurlCode.Ok && options.FailEarly)
                    return code;
            }
        }

        return code;
    }

    private async Task<int> RunOneAsync(CurlTransfer transfer, string text, int number, CurlTarget target, string? upload, CurlOutput? heads)
    {
        long started = context.Time.GetTimestamp();
        TimeSpan delay = TimeSpan.FromSeconds(1);
        for (long left = options.Retry; ; left--)
        {
            var facts = new CurlFacts(context.Time, text, number);
            await TryAsync(transfer, facts, target, upload, heads).ConfigureAwait(false);
            TimeSpan wait = options.RetryDelay ?? delay;
            bool isInTime = options.RetryMaxTime is not { } most || context.Time.GetElapsedTime(started) + wait <= most;
            if (left <= 0 || !isInTime || WhyRetry(facts) is not { } why)
            {
                await WriteOutAsync(facts).ConfigureAwait(false);
                return facts.ExitCode;
            }

            await _console.WarnAsync($"Problem {why}. Will retry in {(long)wait.TotalSeconds} seconds. {left} retries left.").ConfigureAwait(false);
            await Task.Delay(wait, context.Time, context.Cancellation).ConfigureAwait(false);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    private async Task TryAsync(CurlTransfer transfer, CurlFacts facts, CurlTarget target, string? upload, CurlOutput? heads)
    {
        var progress = new CurlProgress(options, _console, facts);
        try
        {
            CurlUrl url = CurlUrl.Parse(facts.Text, options.PathAsIs);
            if (upload is not null && upload is not ("-" or ".") && url.Target.EndsWith('/'))
                url = url.WithFile(upload[(upload.LastIndexOf('/') + 1)..]);
            facts.Url = url;
            string? file = await FileForAsync(url, target).ConfigureAwait(false);
            facts.FileName = file;
            await using var output = new CurlOutput(context, _console, file, options.CreateDirectories);
            await progress.BeginAsync().ConfigureAwait(false);
            try
            {
                await transfer.RunAsync(facts, url, upload, output, heads, progress).ConfigureAwait(false);
                await output.FinishAsync().ConfigureAwait(false);
            }
            catch (CurlFailure failure)
            {
                facts.Failure = failure;
            }

            await progress.EndAsync().ConfigureAwait(false);
        }
        catch (CurlFailure failure)
        {
            facts.Failure = failure;
        }

        if (facts.Failure is not null)
            await _console.FailAsync(facts.Failure).ConfigureAwait(false);
    }

    private async ValueTask<string?> FileForAsync(CurlUrl url, CurlTarget target)
    {
        if (target.File == "-")
            return null;
        string name = target.File ?? url.Target.Split('?')[0].Split('/')[^1];
        if (name.Length == 0)
        {
            if (!options.Silent)
                await _console.WriteAsync("curl: Remote file name has no length!\n").ConfigureAwait(false);
            // curl_easy_strerror's words: libcurl itself was not asked yet.
            throw new CurlFailure(CurlCode.WriteError, "Failed writing received data to disk/application");
        }

        return options.OutputDirectory is { } directory ? FileTree.Join(directory, name) : name;
    }

    // The failures that may pass by themselves (curl src/tool_operate.c post_per_transfer).
    private string? WhyRetry(CurlFacts facts) => facts switch
    {
        { Failure: { IsRefused: true } } when options.RetryConnectionRefused => ": connection refused",
        { Failure.Code: CurlCode.CouldNotResolveHost or CurlCode.OperationTimedOut } => ": timeout",
        { Failure: null or { Code: CurlCode.HttpReturnedError }, Status: 408 or 429 or 500 or 502 or 503 or 504 } => ": HTTP error",
        { Failure: not null } when options.RetryAllErrors => "(retrying all errors)",
        _ => null,
    };

    private async ValueTask WriteOutAsync(CurlFacts facts)
    {
        if (options.WriteOut is not { } template)
            return;
        if (template.StartsWith('@'))
            template = await context.ReadTextAsync(template == "@-" ? "/dev/stdin" : template[1..]).ConfigureAwait(false);
        (string output, string error) = CurlWriteOut.Format(template, facts);
        await context.Output.WriteAsync(Encoding.UTF8.GetBytes(output), context.Cancellation).ConfigureAwait(false);
        if (error.Length > 0)
            await _console.WriteAsync(error).ConfigureAwait(false);
    }
}
