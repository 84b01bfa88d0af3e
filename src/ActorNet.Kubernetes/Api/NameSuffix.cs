namespace ActorNet.Kubernetes.Api;

/// <summary>The random end of generated names (apimachinery pkg/util/rand): five letters that make no words.</summary>
public static class NameSuffix
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Five letters.</summary>
    /// <param name="draw">Chance.</param>
    public static string Of(ulong draw) => string.Create(5, draw, (span, left) =>
    {
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = Alphabet[(int)(left % (ulong)Alphabet.Length)];
            left /= (ulong)Alphabet.Length;
        }
    });
}
