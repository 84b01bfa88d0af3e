using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ActorNet.Workloads.Nginx;

/// <summary>A request's target as nginx takes it apart: unescaped, without empty, "." and ".." segments (merge_slashes on).</summary>
/// <param name="Path">Path from the root, unescaped.</param>
/// <param name="Arguments">What stands behind the question mark, as it came; null without one.</param>
internal sealed record NginxUri(string Path, string? Arguments)
{
    // Control characters end a request (nginx 1.21.1).
    private static readonly SearchValues<char> NotInTarget = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(static c => (char)c), '\u007f']);

    /// <summary>Whether the path names a directory.</summary>
    public bool IsDirectory => Path.EndsWith('/');

    /// <summary>Takes a target apart; false where nginx answers 400.</summary>
    /// <param name="target">The target of the request line.</param>
    /// <param name="uri">Its parts.</param>
    public static bool TryParse(string target, [NotNullWhen(true)] out NginxUri? uri)
    {
        uri = null;
        string rest = WithoutAuthority(target);
        if (rest.Length == 0 || rest[0] != '/' || target.AsSpan().ContainsAny(NotInTarget))
            return false;
        int fragment = rest.IndexOf('#', StringComparison.Ordinal);
        int mark = rest.IndexOf('?', StringComparison.Ordinal);
        string? arguments = mark >= 0 && (fragment < 0 || mark < fragment) ? rest[(mark + 1)..] : null;
        string raw = arguments is not null ? rest[..mark] : fragment >= 0 ? rest[..fragment] : rest;
        if (!TryUnescape(raw, out string path) || !TryNormalize(path, out string normal))
            return false;
        uri = new NginxUri(normal, arguments);
        return true;
    }

    // The absolute form of RFC 9112 3.2.2.
    private static string WithoutAuthority(string target)
    {
        int scheme = target.Length > 0 && target[0] != '/' ? target.IndexOf("://", StringComparison.Ordinal) : -1;
        if (scheme < 0)
            return target;
        int path = target.AsSpan(scheme + 3).IndexOfAny('/', '?');
        if (path < 0)
            return "/";
        string rest = target[(scheme + 3 + path)..];
        return rest[0] == '?' ? "/" + rest : rest;
    }

    private static bool TryUnescape(string raw, out string path)
    {
        path = raw;
        if (!raw.Contains('%', StringComparison.Ordinal))
            return true;
        byte[] bytes = Encoding.UTF8.GetBytes(raw);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = bytes[i];
            if (value == '%')
            {
                if (i + 2 >= bytes.Length || !char.IsAsciiHexDigit((char)bytes[i + 1]) || !char.IsAsciiHexDigit((char)bytes[i + 2]))
                    return false;
                value = Convert.FromHexString([(char)bytes[i + 1], (char)bytes[i + 2]])[0];
                i += 2;
            }

            if (value == 0)
                return false;
            bytes[length++] = value;
        }

        path = Encoding.UTF8.GetString(bytes, 0, length);
        return true;
    }

    // False for a path that climbs above the root.
    private static bool TryNormalize(string path, out string normal)
    {
        normal = "/";
        var names = new List<string>();
        string[] segments = path.Split('/');
        foreach (string segment in segments)
        {
            if (segment == ".." && names.Count == 0)
                return false;
            if (segment == "..")
                names.RemoveAt(names.Count - 1);
            else if (segment is not ("" or "."))
                names.Add(segment);
        }

        if (names.Count > 0)
            normal = "/" + string.Join('/', names) + (segments[^1] is "" or "." or ".." ? "/" : "");
        return true;
    }
}
