using k8s;
using k8s.Models;
using YamlDotNet.Core;

namespace ActorNet.Kubernetes.Manifests;

/// <summary>A manifest file's text.</summary>
/// <param name="File">Its name, for messages.</param>
/// <param name="Text">Its YAML.</param>
public sealed record ManifestSource(string File, string Text);

/// <summary>What manifests describe.</summary>
/// <param name="Pods">The pods in their order, each with its namespace.</param>
/// <param name="Nodes">The nodes in their order.</param>
public sealed record ManifestSet(IReadOnlyList<V1Pod> Pods, IReadOnlyList<V1Node> Nodes);

/// <summary>
/// Reads Kubernetes Pod and Node manifests, several documents a file, with the strictness of "kubectl apply --validate=strict": an unknown or
/// repeated field is an error. Either everything is read or nothing.
/// </summary>
public static class ManifestReader
{
    /// <summary>The longest file, in characters: etcd's limit for an object is 1.5 MB, and no manifest comes near it.</summary>
    public const int MaxLength = 1_500_000;

    /// <summary>Reads one file.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="text">Its YAML.</param>
    /// <exception cref="ManifestException">Something is wrong.</exception>
    public static ManifestSet Read(string file, string text) => Read([new ManifestSource(file, text)]);

    /// <summary>Reads several files as one set: a name may be used once per kind and namespace.</summary>
    /// <param name="sources">The files.</param>
    /// <exception cref="ManifestException">Something is wrong; it lists every problem of every file.</exception>
    public static ManifestSet Read(IEnumerable<ManifestSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var problems = new List<ManifestProblem>();
        var pods = new List<V1Pod>();
        var nodes = new List<V1Node>();
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ManifestSource source in sources)
        {
            int before = problems.Count;
            int read = 0;
            foreach (ManifestDocument document in ManifestDocument.Split(source, problems))
            {
                read++;
                ReadDocument(document, pods, nodes, places, problems);
            }

            if (read == 0 && problems.Count == before)
                problems.Add(new ManifestProblem(source.File, 1, 1, "document", "the file is empty", "a Pod or Node manifest", "Write one, or leave the file out."));
        }

        return problems.Count == 0 ? new ManifestSet(pods, nodes) : throw new ManifestException(problems);
    }

    private static void ReadDocument(ManifestDocument document, List<V1Pod> pods, List<V1Node> nodes, Dictionary<string, string> places, List<ManifestProblem> problems)
    {
        int before = problems.Count;
        if (!TryParse(document, strict: false, "document", problems, out KubernetesObject? header))
            return;
        switch (header.Kind, header.ApiVersion)
        {
            case ("Pod", "v1"):
                if (TryParse(document, strict: true, "Pod", problems, out V1Pod? pod))
                {
                    PodRules.Check(pod, document, problems);
                    if (problems.Count == before && IsFirst(document, PodRules.SubjectOf(pod), places, problems))
                        pods.Add(pod);
                }

                break;
            case ("Node", "v1"):
                if (TryParse(document, strict: true, "Node", problems, out V1Node? node))
                {
                    NodeRules.Check(node, document, problems);
                    if (problems.Count == before && IsFirst(document, NodeRules.SubjectOf(node), places, problems))
                        nodes.Add(node);
                }

                break;
            case ("Pod" or "Node", _):
                problems.Add(document.Problem(header.Kind, $"apiVersion is '{header.ApiVersion}'", "v1", "Set apiVersion: v1."));
                break;
            default:
                problems.Add(document.Problem("document", string.IsNullOrEmpty(header.Kind) ? "kind is missing" : $"kind is '{header.Kind}'", "Pod or Node",
                    "Set the kind, or move the document to another file: other kinds need the API server."));
                break;
        }
    }

    private static bool IsFirst(ManifestDocument document, string subject, Dictionary<string, string> places, List<ManifestProblem> problems)
    {
        if (places.TryAdd(subject, document.Place))
            return true;
        problems.Add(document.Problem(subject, $"the name is that of the object in {places[subject]}", "another name", "Rename one of the two."));
        return false;
    }

    // KubernetesYaml reports faults of the text as YamlException, and some faults of shape as whatever its converters throw.
    private static bool TryParse<T>(ManifestDocument document, bool strict, string subject, List<ManifestProblem> problems, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? value)
        where T : class
    {
        value = null;
        try
        {
            value = KubernetesYaml.Deserialize<T>(document.Text, strict);
            if (value is not null)
                return true;
            problems.Add(document.Problem(subject, "the document is no mapping", "apiVersion, kind and metadata", "Write a Kubernetes manifest."));
        }
        catch (YamlException e)
        {
            string found = e.InnerException is null ? e.Message : $"{e.Message} ({e.InnerException.Message})";
            string remedy = "Mend the line; field names and types are those of kubectl explain.";
            problems.Add(document.Problem(subject, found.TrimEnd('.'), "a field or value of the Kubernetes API", remedy) with { Line = document.LineOf(e.Start.Line) });
        }
        catch (Exception e)
        {
            problems.Add(document.Problem(subject, $"the document cannot be read ({e.Message.TrimEnd('.')})", "a Kubernetes manifest", "Compare it with kubectl explain."));
        }

        return false;
    }
}
