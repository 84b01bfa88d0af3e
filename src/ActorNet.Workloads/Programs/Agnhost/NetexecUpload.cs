using System.Globalization;
using ActorNet.Workloads.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>netexec's /upload (netexec.go uploadHandler): writes the file of a form into the container's /uploads.</summary>
internal static class NetexecUpload
{
    private const string Directory = "/uploads";
    private const int ExecutableMode = 0x1C0;

    public static async Task AnswerAsync(AgnhostRun run, NetexecRequest request)
    {
        await run.LogAsync("GET /upload").ConfigureAwait(false);
        try
        {
            if (await FindFileAsync(request.Http).ConfigureAwait(false) is not { } file)
            {
                await FailAsync(run, request, "Unable to upload file.", "Unable to upload file: http: no such file").ConfigureAwait(false);
                return;
            }

            await StoreAsync(run, request, file).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException || (e is IOException and not FileException))
        {
            await FailAsync(run, request, "Unable to upload file.", $"Unable to upload file: {e.Message}").ConfigureAwait(false);
        }
    }

    // The parts come one after the other and are not kept: what is stored is bounded by the container's files.
    private static async Task<Stream?> FindFileAsync(HttpContext http)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out MediaTypeHeaderValue? type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 and <= 70 } boundary)
        {
            return null;
        }

        var reader = new MultipartReader(boundary.Value!, http.Request.Body);
        while (await reader.ReadNextSectionAsync(http.RequestAborted).ConfigureAwait(false) is { } section)
        {
            if (section.GetContentDispositionHeader() is { } part && HeaderUtilities.RemoveQuotes(part.Name) == "file" && part.FileName.HasValue)
                return section.Body;
        }

        return null;
    }

    private static async Task StoreAsync(AgnhostRun run, NetexecRequest request, Stream body)
    {
        FileTree files = run.Context.Files;
        string path = "";
        try
        {
            files.AddDirectory(Directory);
            path = FreeName(files);
            Stream file = files.OpenWrite(path, FileWriteMode.Truncate);
            await using (file.ConfigureAwait(false))
                await body.CopyToAsync(file, request.Http.RequestAborted).ConfigureAwait(false);
            files.SetMode(path, ExecutableMode);
        }
        catch (FileException e)
        {
            string what = path.Length > 0 && files.TryStat(path, out _) ? "Unable to write file." : "Unable to open file for write";
            await FailAsync(run, request, what, $"{what.TrimEnd('.')}: {e.Message}").ConfigureAwait(false);
            return;
        }

        await run.LogAsync($"Wrote upload to {path}").ConfigureAwait(false);
        request.Http.Response.StatusCode = StatusCodes.Status201Created;
        await HttpReply.TextAsync(request.Http, GoText.JsonObject([KeyValuePair.Create("output", GoText.Json(path))])).ConfigureAwait(false);
    }

    // os.CreateTemp puts a random number behind the name; here the next one that is free.
    private static string FreeName(FileTree files)
    {
        for (int number = 1; ; number++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{Directory}/upload{number:000000000}");
            if (!files.TryStat(path, out _))
                return path;
        }
    }

    private static async Task FailAsync(AgnhostRun run, NetexecRequest request, string answer, string log)
    {
        await HttpReply.TextAsync(request.Http, GoText.JsonObject([KeyValuePair.Create("error", GoText.Json(answer))])).ConfigureAwait(false);
        await run.LogAsync(log).ConfigureAwait(false);
    }
}
