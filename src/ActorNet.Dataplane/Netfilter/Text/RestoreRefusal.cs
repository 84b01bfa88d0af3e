namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>What iptables-restore 1.8.9 of the nf_tables variant says when it refuses (iptables/xtables-restore.c, nft.c).</summary>
internal static class RestoreRefusal
{
    /// <summary>A line that could not be carried out.</summary>
    internal static RestoreResult OfLine(string program, int line, string why) =>
        new(1, why.Length == 0 ? $"{program}: line {line} failed\n" : $"{program}: line {line} failed: {why}.\n");

    /// <summary>A command, of iptables itself, that could not be carried out.</summary>
    internal static RestoreResult OfCommand(string program, string why) => new(1, $"{program}: {why}.\n");

    /// <summary>A line that could not be read.</summary>
    internal static RestoreResult OfSyntax(string program, int line, RuleSyntaxException e) =>
        new(2, $"{program} v1.8.9 (nf_tables): {e.Message}\nError occurred at line: {line}\n{Hint(program)}");

    /// <summary>A command of iptables that could not be read.</summary>
    internal static RestoreResult OfSyntax(string program, RuleSyntaxException e) => new(2, $"{program} v1.8.9 (nf_tables): {e.Message}\n{Hint(program)}");

    /// <summary>What the kernel refused; line 0 for a command of iptables itself.</summary>
    internal static RestoreResult OfKernel(string program, int line, string what) =>
        new(4, line == 0 ? $"{program} v1.8.9 (nf_tables):  {what}\n" : $"{program} v1.8.9 (nf_tables): \nline {line}: {what}\n");

    private static string Hint(string program) => $"Try `{program} -h' or '{program} --help' for more information.\n";
}
