using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ActorNet.Workloads.Nginx;

/// <summary>
/// The conditions of a request by nginx's rules (RFC 9110 13.1): If-Modified-Since has to be the very time of the file (if_modified_since exact),
/// and where both it and If-None-Match are there, both have to say that nothing changed.
/// </summary>
internal static class NginxConditions
{
    /// <summary>A file's entity tag: its time and its length in hexadecimal digits.</summary>
    public static string EntityTag(INginxContent content) => $"\"{content.Modified.ToUnixTimeSeconds():x}-{content.Length:x}\"";

    /// <summary>The status that the conditions make of a 200.</summary>
    public static int Judge(IHeaderDictionary headers, INginxContent content)
    {
        string tag = EntityTag(content);
        long modified = content.Modified.ToUnixTimeSeconds();
        // A time that is none is before every other.
        if (headers.IfUnmodifiedSince.Count > 0 && (Time(headers.IfUnmodifiedSince) ?? long.MinValue) < modified)
            return StatusCodes.Status412PreconditionFailed;
        if (headers.IfMatch.Count > 0 && !Matches(headers.IfMatch, tag, weakly: false))
            return StatusCodes.Status412PreconditionFailed;
        bool asksTime = headers.IfModifiedSince.Count > 0;
        bool asksTag = headers.IfNoneMatch.Count > 0;
        if (!asksTime && !asksTag)
            return StatusCodes.Status200OK;
        bool isChanged = (asksTime && Time(headers.IfModifiedSince) != modified) || (asksTag && !Matches(headers.IfNoneMatch, tag, weakly: true));
        return isChanged ? StatusCodes.Status200OK : StatusCodes.Status304NotModified;
    }

    /// <summary>Whether a Range header is to be heeded.</summary>
    public static bool AllowsRange(IHeaderDictionary headers, INginxContent content)
    {
        string? condition = headers.IfRange;
        if (string.IsNullOrEmpty(condition))
            return true;
        return condition.StartsWith('"') ? condition == EntityTag(content) : Time(condition) == content.Modified.ToUnixTimeSeconds();
    }

    private static long? Time(StringValues header) =>
        HeaderUtilities.TryParseDate(header.ToString(), out DateTimeOffset time) ? time.ToUnixTimeSeconds() : null;

    private static bool Matches(StringValues header, string tag, bool weakly)
    {
        var own = new EntityTagHeaderValue(tag);
        return EntityTagHeaderValue.TryParseList(header, out IList<EntityTagHeaderValue>? tags)
            && tags.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(own, useStrongComparison: !weakly));
    }
}
