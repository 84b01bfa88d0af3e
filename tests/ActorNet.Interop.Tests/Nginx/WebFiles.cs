using System.Runtime.Versioning;
using ActorNet.Workloads.Files;

namespace ActorNet.Interop.Tests.Nginx;

/// <summary>The same files below the root of the real nginx and of ours.</summary>
internal static class WebFiles
{
    private static readonly DateTime Modified = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly (string Path, string Text)[] Texts =
    [
        ("index.html", "<p>first page</p>\n"), ("50x.html", "<p>error</p>\n"), ("digits.txt", "0123456789"), ("empty.txt", ""), ("a b.TXT", "with a space\n"),
        ("deep/index.htm", "<p>deep</p>\n"), ("bare/x.txt", "x\n"), (".hidden", "h\n"), ("two.tar.gz", "z\n"), ("noending", "n\n"), ("secret.txt", "s\n"),
    ];

    /// <summary>Writes the files, and one for each ending of a mime.types, into a folder and a tree.</summary>
    [SupportedOSPlatform("linux")]
    public static void Write(string folder, FileTree tree, string root, IEnumerable<string> endings)
    {
        foreach ((string path, string text) in Texts.Concat(endings.Select(static e => ($"types/a.{e}", "t\n"))))
        {
            string real = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(real)!);
            File.WriteAllText(real, text);
            File.SetLastWriteTimeUtc(real, Modified);
            tree.AddText($"{root}/{path}", text);
            tree.SetModified($"{root}/{path}", Modified);
        }

        File.SetUnixFileMode(Path.Combine(folder, "secret.txt"), UnixFileMode.UserRead);
        tree.SetMode($"{root}/secret.txt", 0x100);
    }
}
