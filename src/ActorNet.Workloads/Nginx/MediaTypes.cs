using System.Collections.Frozen;

namespace ActorNet.Workloads.Nginx;

/// <summary>Media types by a file name's ending: the table of nginx's conf/mime.types, with application/octet-stream for all others.</summary>
internal static class MediaTypes
{
    private const string Default = "application/octet-stream";

    private static readonly FrozenDictionary<string, string> ByEnding = Table(
        ("text/html", "html htm shtml"), ("text/css", "css"), ("text/xml", "xml"), ("text/plain", "txt"), ("text/mathml", "mml"),
        ("text/vnd.sun.j2me.app-descriptor", "jad"), ("text/vnd.wap.wml", "wml"), ("text/x-component", "htc"),
        ("image/gif", "gif"), ("image/jpeg", "jpeg jpg"), ("image/png", "png"), ("image/avif", "avif"), ("image/webp", "webp"), ("image/svg+xml", "svg svgz"),
        ("image/tiff", "tif tiff"), ("image/x-icon", "ico"), ("image/vnd.wap.wbmp", "wbmp"), ("image/x-jng", "jng"), ("image/x-ms-bmp", "bmp"),
        ("font/woff", "woff"), ("font/woff2", "woff2"),
        ("audio/midi", "mid midi kar"), ("audio/mpeg", "mp3"), ("audio/ogg", "ogg"), ("audio/x-m4a", "m4a"), ("audio/x-realaudio", "ra"),
        ("video/3gpp", "3gpp 3gp"), ("video/mp2t", "ts"), ("video/mp4", "mp4"), ("video/mpeg", "mpeg mpg"), ("video/quicktime", "mov"), ("video/webm", "webm"),
        ("video/x-flv", "flv"), ("video/x-m4v", "m4v"), ("video/x-mng", "mng"), ("video/x-ms-asf", "asx asf"), ("video/x-ms-wmv", "wmv"), ("video/x-msvideo", "avi"),
        ("application/javascript", "js"), ("application/json", "json"), ("application/wasm", "wasm"), ("application/pdf", "pdf"), ("application/zip", "zip"),
        ("application/atom+xml", "atom"), ("application/rss+xml", "rss"), ("application/xhtml+xml", "xhtml"), ("application/xspf+xml", "xspf"),
        ("application/java-archive", "jar war ear"), ("application/mac-binhex40", "hqx"), ("application/msword", "doc"), ("application/postscript", "ps eps ai"),
        ("application/rtf", "rtf"), ("application/vnd.apple.mpegurl", "m3u8"), ("application/vnd.google-earth.kml+xml", "kml"), ("application/vnd.google-earth.kmz", "kmz"),
        ("application/vnd.ms-excel", "xls"), ("application/vnd.ms-fontobject", "eot"), ("application/vnd.ms-powerpoint", "ppt"),
        ("application/vnd.oasis.opendocument.graphics", "odg"), ("application/vnd.oasis.opendocument.presentation", "odp"),
        ("application/vnd.oasis.opendocument.spreadsheet", "ods"), ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        ("application/vnd.wap.wmlc", "wmlc"), ("application/x-7z-compressed", "7z"), ("application/x-cocoa", "cco"), ("application/x-java-archive-diff", "jardiff"),
        ("application/x-java-jnlp-file", "jnlp"), ("application/x-makeself", "run"), ("application/x-perl", "pl pm"), ("application/x-pilot", "prc pdb"),
        ("application/x-rar-compressed", "rar"), ("application/x-redhat-package-manager", "rpm"), ("application/x-sea", "sea"), ("application/x-shockwave-flash", "swf"),
        ("application/x-stuffit", "sit"), ("application/x-tcl", "tcl tk"), ("application/x-x509-ca-cert", "der pem crt"), ("application/x-xpinstall", "xpi"));

    /// <summary>The type of a path.</summary>
    /// <param name="path">Path; an ending's case does not matter.</param>
    public static string Find(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        int dot = name.LastIndexOf('.');
        return dot < 0 ? Default : ByEnding.GetValueOrDefault(name[(dot + 1)..], Default);
    }

    private static FrozenDictionary<string, string> Table(params (string Type, string Endings)[] types) =>
        types.SelectMany(static t => t.Endings.Split(' '), static (t, ending) => KeyValuePair.Create(ending, t.Type)).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
}
