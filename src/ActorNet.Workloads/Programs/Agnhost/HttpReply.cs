using System.Text;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>Answers as Go's net/http makes them.</summary>
internal static class HttpReply
{
    /// <summary>Sends a text with its length; where the status allows no body (204, 304), the head alone.</summary>
    public static async Task TextAsync(HttpContext http, string text, string type = "text/plain; charset=utf-8")
    {
        if (http.Response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
            return;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        http.Response.ContentLength = bytes.Length;
        // The type is guessed from the body's first bytes: without any there is none.
        if (bytes.Length > 0)
            http.Response.ContentType = type;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>http.Error.</summary>
    public static Task ErrorAsync(HttpContext http, string text, int status)
    {
        http.Response.StatusCode = status;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TextAsync(http, text + "\n");
    }

    /// <summary>A Location that a header can hold: line ends become spaces, other bytes that are no printable ASCII are escaped.</summary>
    public static string AsciiLocation(string location)
    {
        var escaped = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(location))
        {
            if (b is (byte)'\r' or (byte)'\n')
                escaped.Append(' ');
            else if (b is < 0x20 or > 0x7E)
                escaped.Append('%').Append(b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            else
                escaped.Append((char)b);
        }

        return escaped.ToString().Trim();
    }
}
