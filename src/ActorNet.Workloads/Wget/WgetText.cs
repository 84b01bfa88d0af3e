using System.Globalization;

namespace ActorNet.Workloads.Wget;

/// <summary>The words of busybox 1.35's wget.</summary>
internal static class WgetText
{
    /// <summary>The usage.</summary>
    public const string Usage =
        "BusyBox v1.35.0 multi-call binary.\n\n" +
        "Usage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n" +
        "\t[--post-data STR | --post-file FILE] [-Y on/off]\n" +
        "\t[--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...\n\n" +
        "Retrieve files via HTTP or FTP\n\n" +
        "\t--spider\tOnly check URL existence: $? is 0 if exists\n" +
        "\t--header STR\tAdd STR (of form 'header: value') to headers\n" +
        "\t--post-data STR\tSend STR using POST method\n" +
        "\t--post-file FILE\tSend FILE using POST method\n" +
        "\t--no-check-certificate\tDon't validate the server's certificate\n" +
        "\t-c\t\tContinue retrieval of aborted transfer\n" +
        "\t-q\t\tQuiet\n" +
        "\t-P DIR\t\tSave to DIR (default .)\n" +
        "\t-S    \t\tShow server response\n" +
        "\t-O FILE\t\tSave to FILE ('-' for stdout)\n" +
        "\t-o LOGFILE\tLog messages to FILE\n" +
        "\t-U STR\t\tUse STR for User-Agent header\n" +
        "\t-T SEC\t\tNetwork read timeout is SEC seconds\n" +
        "\t-Y on/off\tUse proxy\n";

    /// <summary>The meter as it stands when a file is whole, where standard error is no terminal (libbb/progress.c).</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="bytes">Its bytes.</param>
    public static string Meter(string name, long bytes)
    {
        (long number, string unit) = bytes < 100_000 ? (bytes, "") : bytes < 100_000L << 10 ? (bytes >> 10, "k") : bytes < 100_000L << 20 ? (bytes >> 20, "M") : (bytes >> 30, "G");
        string amount = number.ToString(CultureInfo.InvariantCulture) + unit;
        return $"{(name.Length > 20 ? name[..20] : name.PadRight(20))} 100% |********************************|{amount,6}  0:00:00 ETA\n";
    }
}
