using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Nginx;

/// <summary>What the nginx image has of its own.</summary>
internal static class NginxImage
{
    /// <summary>The version that its answers name.</summary>
    public const string Version = "1.28.0";

    /// <summary>What it serves.</summary>
    public const string Root = "/usr/share/nginx/html";

    /// <summary>Adds its files to a container's.</summary>
    public static void AddFiles(FileTree files)
    {
        files.AddText(
            $"{Root}/index.html",
            """
            <!DOCTYPE html>
            <html>
            <head><title>Welcome to nginx!</title></head>
            <body>
            <h1>Welcome to nginx!</h1>
            <p>This pod answers in nginx's manner. Its files are in /usr/share/nginx/html.</p>
            <p>Downloads of any size are at /generated/BYTES, as in <a href="/generated/10M">/generated/10M</a>.</p>
            </body>
            </html>

            """);
        files.AddText(
            $"{Root}/50x.html",
            """
            <!DOCTYPE html>
            <html>
            <head><title>Error</title></head>
            <body>
            <h1>This page cannot be shown now.</h1>
            <p>The server's error log says why.</p>
            </body>
            </html>

            """);
    }
}
