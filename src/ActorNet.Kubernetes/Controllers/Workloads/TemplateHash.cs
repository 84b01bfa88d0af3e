using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// The hash that names what a template makes (kubernetes pkg/controller/controller_utils.go, ComputeHash): FNV-1a of 32 bits, and behind it
/// the count of collisions; written in the letters of generated names. Hashed is how Go prints the struct of 1.32 (<see cref="GoPrint"/>), so a
/// template has the hash that it has in a cluster of that version; other versions have other fields and other hashes.
/// </summary>
internal static class TemplateHash
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The hash of a template.</summary>
    /// <param name="template">The template.</param>
    /// <param name="collisions">How often its hash was taken by another; null: never.</param>
    public static string Of(V1PodTemplateSpec template, int? collisions) =>
        Of(GoPrint.Of(ApiTypes.Kubernetes["core/v1.PodTemplateSpec"], JsonNode.Parse(KubernetesJson.Serialize(template))!.AsObject()), collisions);

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
