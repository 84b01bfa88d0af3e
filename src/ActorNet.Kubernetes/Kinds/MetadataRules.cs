using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>What metadata must be (apimachinery pkg/api/validation/objectmeta.go).</summary>
public static class MetadataRules
{
    /// <summary>The most bytes of all annotations together.</summary>
    public const int MaxAnnotationBytes = 256 * 1024;

    /// <summary>Checks the metadata of an object of a kind.</summary>
    public static void Validate(KindDescriptor kind, JsonObject doc, FieldErrors errors)
    {
        string name = doc.Text("metadata.name"), space = doc.Text("metadata.namespace");
        if (name.Length == 0)
            errors.Required("metadata.name", "name or generateName is required");
        else if (kind.NameProblem(name) is { } problem)
            errors.Invalid("metadata.name", name, problem);
        if (kind.IsNamespaced && space.Length == 0)
            errors.Required("metadata.namespace");
        else if (kind.IsNamespaced && !ObjectNames.IsLabel(space))
            errors.Invalid("metadata.namespace", space, ObjectNames.LabelRule);
        else if (!kind.IsNamespaced && space.Length > 0)
            errors.Forbidden("metadata.namespace", "not allowed on this type");
        Labels(doc.Object("metadata.labels"), "metadata.labels", errors);
        Annotations(doc, "metadata.annotations", errors);
        Owners(doc, errors);
        foreach (string finalizer in doc.Texts("metadata.finalizers"))
        {
            if (!ObjectNames.IsQualifiedName(finalizer))
                errors.Invalid("metadata.finalizers", finalizer, ObjectNames.QualifiedNameRule);
        }
    }

    /// <summary>Checks what of metadata a change may not touch.</summary>
    public static void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (old.Text("metadata.deletionTimestamp").Length == 0)
            return;
        string[] added = [.. doc.Texts("metadata.finalizers").Except(old.Texts("metadata.finalizers"))];
        if (added.Length > 0)
            errors.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added.Select(each => $"\"{each}\""))}}}");
    }

    /// <summary>Checks a map of labels.</summary>
    public static void Labels(JsonObject? labels, string path, FieldErrors errors)
    {
        foreach ((string key, JsonNode? node) in labels ?? [])
        {
            string value = node?.GetValue<string>() ?? "";
            if (!ObjectNames.IsQualifiedName(key))
                errors.Invalid(path, key, ObjectNames.QualifiedNameRule);
            if (value.Length > 63)
                errors.Invalid(path, value, "must be no more than 63 characters");
            else if (!ObjectNames.IsLabelValue(value))
                errors.Invalid(path, value, ObjectNames.LabelValueRule);
        }
    }

    /// <summary>Checks a map of annotations.</summary>
    public static void Annotations(JsonObject doc, string path, FieldErrors errors)
    {
        long bytes = 0;
        foreach ((string key, string value) in doc.Entries(path))
        {
            bytes += key.Length + System.Text.Encoding.UTF8.GetByteCount(value);
            if (!ObjectNames.IsQualifiedName(key.ToLowerInvariant()))
                errors.Invalid(path, key, ObjectNames.QualifiedNameRule);
        }

        if (bytes > MaxAnnotationBytes)
            errors.TooLong(path, MaxAnnotationBytes);
    }

    private static void Owners(JsonObject doc, FieldErrors errors)
    {
        int index = 0;
        string? controller = null;
        foreach (JsonObject owner in doc.Objects("metadata.ownerReferences"))
        {
            string at = $"metadata.ownerReferences[{index++}]";
            foreach (string field in new[] { "apiVersion", "kind", "name", "uid" })
            {
                if (owner.Text(field).Length == 0)
                    errors.Invalid($"{at}.{field}", "", field == "apiVersion" ? "version must not be empty" : "must not be empty");
            }

            if (!owner.Flag("controller"))
                continue;
            string who = $"{owner.Text("kind")}/{owner.Text("name")}";
            if (controller is not null)
                errors.Invalid("metadata.ownerReferences", who, $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {who}");
            controller = who;
        }
    }
}
