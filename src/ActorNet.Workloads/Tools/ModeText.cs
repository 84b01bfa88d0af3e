using System.Globalization;
using System.Text;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>Permission bits as chmod(1) reads and ls(1) prints them.</summary>
internal static class ModeText
{
    private const int SetUser = 0x800;
    private const int SetGroup = 0x400;
    private const int Sticky = 0x200;
    private const int Umask = 0x12;

    /// <summary>As ls -l prints it: "-rw-r--r--".</summary>
    /// <param name="status">The file's status.</param>
    public static string Describe(FileStatus status)
    {
        var text = new StringBuilder(10).Append(status.Kind switch { FileKind.Directory => 'd', FileKind.Device => 'c', _ => '-' });
        AppendClass(text, status.Mode >> 6, (status.Mode & SetUser) != 0, 's');
        AppendClass(text, status.Mode >> 3, (status.Mode & SetGroup) != 0, 's');
        AppendClass(text, status.Mode, (status.Mode & Sticky) != 0, 't');
        return text.ToString();
    }

    /// <summary>Works a mode out: octal, or [ugoa]{+|-|=}[rwxXst] with commas.</summary>
    /// <param name="text">Mode.</param>
    /// <param name="status">The file's status.</param>
    /// <returns>The new bits, or null when the text is no mode.</returns>
    public static int? Apply(string text, FileStatus status)
    {
        if (text.Length is > 0 and < 6 && text.All(static c => c is >= '0' and <= '7'))
            return Convert.ToInt32(text, 8) is var octal and <= 0xFFF ? octal : null;
        int mode = status.Mode;
        foreach (string clause in text.Split(','))
        {
            if (ApplyClause(clause, status.IsDirectory, mode) is not { } changed)
                return null;
            mode = changed;
        }

        return mode;
    }

    private static void AppendClass(StringBuilder text, int bits, bool isSpecial, char special)
    {
        text.Append((bits & 4) != 0 ? 'r' : '-').Append((bits & 2) != 0 ? 'w' : '-');
        text.Append((bits & 1) != 0 ? (isSpecial ? special : 'x') : isSpecial ? char.ToUpper(special, CultureInfo.InvariantCulture) : '-');
    }

    private static int? ApplyClause(string clause, bool isDirectory, int mode)
    {
        int at = 0;
        int who = 0;
        for (; at < clause.Length && clause[at] is 'u' or 'g' or 'o' or 'a'; at++)
            who |= clause[at] switch { 'u' => 0x9C0, 'g' => 0x438, 'o' => 0x207, _ => 0xFFF };
        // Nobody named: everybody, but what the umask takes stays as it is.
        int mask = who == 0 ? 0xFFF & ~Umask : who;
        if (at == clause.Length)
            return null;
        while (at < clause.Length)
        {
            char operation = clause[at++];
            if (operation is not ('+' or '-' or '='))
                return null;
            int bits = 0;
            for (; at < clause.Length && clause[at] is not ('+' or '-' or '='); at++)
            {
                if (Bits(clause[at], isDirectory, mode) is not { } more)
                    return null;
                bits |= more;
            }

            bits &= mask;
            mode = operation switch { '+' => mode | bits, '-' => mode & ~bits, _ => (mode & ~(who == 0 ? 0xFFF : who)) | bits };
        }

        return mode;
    }

    private static int? Bits(char permission, bool isDirectory, int mode) => permission switch
    {
        'r' => 0x124,
        'w' => 0x92,
        'x' => 0x49,
        'X' => isDirectory || (mode & 0x49) != 0 ? 0x49 : 0,
        's' => SetUser | SetGroup,
        't' => Sticky,
        'u' => ((mode >> 6) & 7) * 0x49,
        'g' => ((mode >> 3) & 7) * 0x49,
        'o' => (mode & 7) * 0x49,
        _ => null,
    };
}
