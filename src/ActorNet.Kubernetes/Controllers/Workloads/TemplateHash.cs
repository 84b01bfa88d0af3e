using System.Globalization;
using System.Text;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// The hash that names what a template makes (kubernetes pkg/controller/controller_utils.go, ComputeHash): FNV-1a of 32 bits, and behind it
/// the count of collisions; written in the letters of generated names. Upstream hashes how Go prints the struct, we its canonical JSON: the
/// same template has the same hash in every cluster of ActorNet, and another one than in a cluster of upstream's.
/// </summary>
internal static class TemplateHash
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The hash of a template.</summary>
    /// <param name="template">The template.</param>
    /// <param name="collisions">How often its hash was taken by another; null: never.</param>
    public static string Of(V1PodTemplateSpec template, int? collisions) => Of(KubernetesJson.Serialize(template), collisions);

    /// <summary>The hash of a text.</summary>
    public static string Of(string text, int? collisions)
    {
        uint hash = 2166136261;
        foreach (byte each in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ each) * 16777619;
        if (collisions is { } count)
        {
            // Eight bytes, of which Go fills the first four.
            foreach (byte each in BitConverter.GetBytes((long)count))
                hash = (hash ^ each) * 16777619;
        }

        return SafeEncode(hash.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A text in letters that make no words (apimachinery pkg/util/rand, SafeEncodeString).</summary>
    public static string SafeEncode(string text) => string.Concat(text.Select(c => Alphabet[c % Alphabet.Length]));
}
