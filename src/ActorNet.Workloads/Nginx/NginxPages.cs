using System.Text;

namespace ActorNet.Workloads.Nginx;

/// <summary>The pages that nginx makes itself, with its name in them.</summary>
internal static class NginxPages
{
    /// <summary>The page of a status, or null where the answer has none.</summary>
    public static byte[]? Find(int status)
    {
        if (Title(status) is not { } title)
            return null;
        return Encoding.ASCII.GetBytes(
            $"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            + $"<hr><center>nginx/{NginxImage.Version}</center>\r\n</body>\r\n</html>\r\n");
    }

    // nginx's own wording where it differs from RFC 9110's.
    private static string? Title(int status) => status switch
    {
        301 => "301 Moved Permanently",
        400 => "400 Bad Request",
        403 => "403 Forbidden",
        404 => "404 Not Found",
        405 => "405 Not Allowed",
        412 => "412 Precondition Failed",
        416 => "416 Requested Range Not Satisfiable",
        _ => null,
    };
}
