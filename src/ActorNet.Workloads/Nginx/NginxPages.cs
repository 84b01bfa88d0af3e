using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace ActorNet.Workloads.Nginx;

/// <summary>The pages that nginx makes itself, with its name in them.</summary>
internal static class NginxPages
{
    /// <summary>The page of a status.</summary>
    public static byte[] Make(int status)
    {
        string title = $"{status} {Reason(status)}";
        return Encoding.ASCII.GetBytes(
            $"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            + $"<hr><center>nginx/{NginxImage.Version}</center>\r\n</body>\r\n</html>\r\n");
    }

    /// <summary>The words behind a status: nginx's own where they differ from RFC 9110's.</summary>
    public static string Reason(int status) => status switch
    {
        StatusCodes.Status405MethodNotAllowed => "Not Allowed",
        StatusCodes.Status416RangeNotSatisfiable => "Requested Range Not Satisfiable",
        _ => ReasonPhrases.GetReasonPhrase(status),
    };
}
