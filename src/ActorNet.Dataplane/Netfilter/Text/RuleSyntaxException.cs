namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>A line that iptables-restore refuses while it reads (libxtables xtables_error PARAMETER_PROBLEM): exit code 2.</summary>
/// <param name="message">The tool's words.</param>
internal sealed class RuleSyntaxException(string message) : Exception(message)
{
    /// <summary>"MATCH: option "--X" must be specified", in libxtables' words.</summary>
    internal static RuleSyntaxException MustBeSpecified(string extension, string option) => new($"{extension}: option \"{option}\" must be specified\n");
}
