using System.Text;

namespace ActorNet.Kubernetes.Kubelet.Environment;

/// <summary>
/// $(NAME) in commands, arguments and values (kubernetes third_party/forked/golang/expansion): a name that is not known stays as it stands, and
/// $$ is a dollar sign.
/// </summary>
public static class VariableExpansion
{
    /// <summary>Expands a text.</summary>
    /// <param name="text">Text.</param>
    /// <param name="find">Gives a variable's value, or null.</param>
    public static string Expand(string text, Func<string, string?> find)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(find);
        if (!text.Contains('$', StringComparison.Ordinal))
            return text;
        var expanded = new StringBuilder();
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] != '$' || at + 1 == text.Length)
            {
                expanded.Append(text[at++]);
                continue;
            }

            int end = text[at + 1] == '(' ? text.IndexOf(')', at + 2) : -1;
            if (end > 0)
            {
                string name = text[(at + 2)..end];
                expanded.Append(find(name) ?? $"$({name})");
                at = end + 1;
            }
            else
            {
                // $$ is one dollar; before anything else it is itself, and so is a bracket that is never closed.
                expanded.Append(text[at + 1] == '$' ? "$" : text.AsSpan(at, 2));
                at += 2;
            }
        }

        return expanded.ToString();
    }
}
