using ActorNet.Workloads.Files;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Nginx;

/// <summary>What nginx finds for a path.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Content">The content of a 200.</param>
/// <param name="Location">Path to go to, of a 301.</param>
/// <param name="Error">Line for the error log, or null.</param>
internal sealed record NginxFinding(int Status, INginxContent? Content = null, string? Location = null, string? Error = null);

/// <summary>
/// The server of the image's conf.d/default.conf: files under one root, index.html and index.htm for directories (static and index modules of
/// nginx), and /generated/BYTES.
/// </summary>
internal sealed class NginxSite(FileTree files)
{
    private const string Generated = "/generated/";
    private const int OthersRead = 4;

    private static readonly string[] IndexNames = ["index.html", "index.htm"];

    /// <summary>Finds what answers a request.</summary>
    public NginxFinding Find(string method, NginxUri uri)
    {
        bool posts = HttpMethods.IsPost(method);
        if (!posts && !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
            return new NginxFinding(StatusCodes.Status405MethodNotAllowed);
        if (uri.Path.StartsWith(Generated, StringComparison.Ordinal) && GeneratedText.TryParse(uri.Path[Generated.Length..], out GeneratedText? text))
            return posts ? new NginxFinding(StatusCodes.Status405MethodNotAllowed) : new NginxFinding(StatusCodes.Status200OK, text);
        return uri.IsDirectory ? FindIndex(uri, posts) : FindFile(uri.Path, uri, posts);
    }

    private NginxFinding FindIndex(NginxUri uri, bool posts)
    {
        string directory = NginxImage.Root + uri.Path;
        foreach (string name in IndexNames)
        {
            if (files.TryStat(directory + name, out _))
                return FindFile(uri.Path + name, uri, posts);
        }

        try
        {
            files.Stat(directory);
            return new NginxFinding(StatusCodes.Status403Forbidden, Error: $"directory index of \"{directory}\" is forbidden");
        }
        catch (FileException e)
        {
            return new NginxFinding(StatusCodes.Status404NotFound, Error: $"\"{directory}{IndexNames[0]}\" is not found ({Describe(e)})");
        }
    }

    private NginxFinding FindFile(string path, NginxUri uri, bool posts)
    {
        string file = NginxImage.Root + path;
        try
        {
            FileStatus status = files.Stat(file);
            if (status.IsDirectory)
                return new NginxFinding(StatusCodes.Status301MovedPermanently, Location: path + "/" + (uri.Arguments is { Length: > 0 } arguments ? "?" + arguments : ""));
            // Its workers run as a user of their own.
            if ((status.Mode & OthersRead) == 0)
                throw new FileException(FileError.PermissionDenied);
            if (status.Kind != FileKind.Regular)
                return new NginxFinding(StatusCodes.Status404NotFound, Error: $"\"{file}\" is not a regular file");
            return posts
                ? new NginxFinding(StatusCodes.Status405MethodNotAllowed)
                : new NginxFinding(StatusCodes.Status200OK, new FileContent(files.OpenRead(file), status, MediaTypes.Find(path)));
        }
        catch (FileException e)
        {
            int code = e.Error == FileError.PermissionDenied ? StatusCodes.Status403Forbidden : StatusCodes.Status404NotFound;
            return new NginxFinding(code, Error: $"open() \"{file}\" failed ({Describe(e)})");
        }
    }

    // errno(3) and its text.
    private static string Describe(FileException e)
    {
        int number = e.Error switch
        {
            FileError.NotFound => 2,
            FileError.PermissionDenied => 13,
            FileError.NotDirectory => 20,
            FileError.NameTooLong => 36,
            _ => 22,
        };
        return $"{number}: {e.Message}";
    }
}
