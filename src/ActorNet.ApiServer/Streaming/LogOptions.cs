using System.Globalization;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Streaming;

/// <summary>PodLogOptions in a query, and their rules (kubernetes pkg/apis/core/validation ValidatePodLogOptions).</summary>
internal static class LogOptions
{
    // What a date can be moved back by.
    private const long MostSeconds = 36_500L * 86_400;

    /// <summary>Reads and checks them.</summary>
    /// <param name="query">The query.</param>
    /// <param name="now">What sinceSeconds counts back from.</param>
    /// <exception cref="ApiException">400: not a number or time; 422: out of range.</exception>
    public static LogRequest Parse(Dictionary<string, StringValues> query, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        long? tail = Number(query, "tailLines");
        if (tail < 0)
            errors.Invalid("tailLines", tail, "must be greater than or equal to 0");
        long? limit = Number(query, "limitBytes");
        if (limit < 1)
            errors.Invalid("limitBytes", limit, "must be greater than 0");
        long? seconds = Number(query, "sinceSeconds");
        DateTimeOffset? since = Time(query, "sinceTime");
        if (seconds is not null && since is not null)
            errors.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        else if (seconds < 1)
            errors.Invalid("sinceSeconds", seconds, "must be greater than 0");
        if (!errors.IsEmpty)
            throw ApiErrors.Invalid("", "PodLogOptions", "", errors);
        return new LogRequest
        {
            TailLines = tail,
            LimitBytes = limit,
            Since = seconds is { } back ? now.AddSeconds(-Math.Min(back, MostSeconds)) : since,
            Follow = Flag(query, "follow"),
            Previous = Flag(query, "previous"),
            Timestamps = Flag(query, "timestamps"),
        };
    }

    /// <summary>A flag as Go's url.Values conversion reads it: absent, "false" and "0" are false.</summary>
    public static bool Flag(Dictionary<string, StringValues> query, string name) =>
        query.TryGetValue(name, out StringValues values) && values.ToString().ToLowerInvariant() is not ("" or "false" or "0");

    private static long? Number(Dictionary<string, StringValues> query, string name)
    {
        string text = query.GetValueOrDefault(name).ToString();
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw ApiErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    private static DateTimeOffset? Time(Dictionary<string, StringValues> query, string name)
    {
        string text = query.GetValueOrDefault(name).ToString();
        if (text.Length == 0)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw ApiErrors.BadRequest($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"");
    }
}
