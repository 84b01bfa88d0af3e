using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Apply;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>Writes down in an object who manages which of its fields: every write that says who writes is recorded.</summary>
internal static class WriteRecord
{
    /// <summary>Of a new object.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="body">What was sent; not changed.</param>
    /// <param name="document">The object; gets the record.</param>
    /// <param name="manager">Who sent it; empty: nothing is recorded.</param>
    /// <param name="now">The time.</param>
    /// <param name="managers">The record when it is known already.</param>
    public static void Created(KindDescriptor kind, JsonObject body, JsonObject document, string manager, DateTimeOffset now, Managers? managers)
    {
        if (managers is null && manager.Length > 0)
        {
            // What the server adds besides defaults, such as a cluster IP, is nobody's (create.go: the record is made before the strategy).
            JsonObject sent = body.Copy();
            kind.Default(sent);
            if (kind is { HasStatus: true, KeepsStatusOnCreate: false })
                sent.Remove("status");
            var writer = new Manager(manager, false, kind.ApiVersion, "");
            if (sent.At("metadata.managedFields") is null)
            {
                Record(document, writer, now, NewFields.Of(kind, sent));
                return;
            }

            managers = FieldManagement.Update(kind, null, sent, writer, now);
        }

        (managers ?? Managers.None).WriteTo(document);
    }

    private static void Record(JsonObject document, Manager writer, DateTimeOffset now, JsonObject? fields)
    {
        JsonObject metadata = document.Ensure("metadata");
        if (fields is null)
            metadata.Remove("managedFields");
        else
            metadata["managedFields"] = new JsonArray(Managers.Encode(writer, Managers.TimeOf(now), fields));
    }

    /// <summary>Of a change.</summary>
    /// <param name="current">The object before.</param>
    /// <param name="view">The path.</param>
    /// <param name="sent">What was sent; it is changed.</param>
    /// <param name="next">The object after; gets the record.</param>
    /// <param name="manager">Who sent it; empty: the record stays.</param>
    /// <param name="now">The time.</param>
    public static void Updated(ApiObject current, ObjectView view, JsonObject sent, JsonObject next, string manager, DateTimeOffset now)
    {
        KindDescriptor kind = current.Kind;
        if (manager.Length == 0)
        {
            (Managers.Of(current.Document) ?? Managers.None).WriteTo(next);
            return;
        }

        JsonObject after = next;
        if (view.Name.Length == 0)
        {
            after = sent;
            if (kind.HasStatus)
                after["status"] = current.Document["status"]?.DeepClone();
            kind.Default(after);
        }

        FieldManagement.Update(kind, current.Document, after, new Manager(manager, false, kind.ApiVersion, view.Name), now).WriteTo(next);
    }
}
