using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ActorNet.Kubernetes.Bootstrap;

/// <summary>
/// What a host shows once to come into a cluster: an identifier that may be seen and a secret that may not, as kubeadm's (kubernetes
/// staging/src/k8s.io/cluster-bootstrap/token/api/types.go: BootstrapTokenPattern).
/// </summary>
/// <param name="Id">Six small letters and digits.</param>
/// <param name="Secret">Sixteen small letters and digits: 82 bits.</param>
public readonly partial record struct BootstrapToken(string Id, string Secret)
{
    /// <summary>How long the identifier is.</summary>
    public const int IdLength = 6;

    /// <summary>How long the secret is.</summary>
    public const int SecretLength = 16;

    /// <summary>What both are made of.</summary>
    public const string Characters = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Reads id.secret.</summary>
    /// <param name="text">The text, from anywhere.</param>
    /// <param name="token">The token when the text is one.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out BootstrapToken token)
    {
        token = default;
        if (text is null || !Pattern().IsMatch(text))
            return false;
        token = new BootstrapToken(text[..IdLength], text[(IdLength + 1)..]);
        return true;
    }

    /// <summary>Whether a text is a token's identifier.</summary>
    /// <param name="text">The text.</param>
    public static bool IsId(string? text) => text is not null && IdPattern().IsMatch(text);

    /// <summary>Whether a secret is this one's, in a time that does not tell how much of it is.</summary>
    /// <param name="other">The other secret.</param>
    public bool HasSecret(string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Secret ?? ""), Encoding.UTF8.GetBytes(other));

    /// <summary>id.secret.</summary>
    public override string ToString() => $"{Id}.{Secret}";

    [GeneratedRegex(@"\A[a-z0-9]{6}\.[a-z0-9]{16}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\A[a-z0-9]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern();
}
