using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>What Events must say (kubernetes pkg/apis/core/validation/events.go). Documents are in the form of core/v1.</summary>
internal static class EventRules
{
    private const int MostCharacters = 128, MostOfNote = 1024;

    /// <summary>The rules of either form: of an Event with an eventTime those of the new one.</summary>
    /// <param name="doc">The Event.</param>
    /// <param name="controller">What the form calls the field that says who reports.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void Validate(JsonObject doc, string controller, FieldErrors errors)
    {
        string space = doc.Text("involvedObject.namespace"), own = doc.Text("metadata.namespace");
        bool isNew = doc.Text("eventTime").Length > 0;
        // What has no namespace speaks in "default", and in the new form in kube-system too.
        if ((space.Length == 0 && own != "default" && !(isNew && own == "kube-system")) || (space.Length > 0 && space != own))
            errors.Invalid("involvedObject.namespace", space, "does not match event.namespace");
        if (!isNew)
            return;
        Required(doc, "reportingComponent", controller, errors);
        foreach (string field in new[] { "reportingInstance", "action", "reason" })
        {
            Required(doc, field, field, errors);
            if (doc.Text(field).Length > MostCharacters)
                errors.Invalid(field, "", $"can have at most {MostCharacters} characters");
        }

        if (doc.Text("message").Length > MostOfNote)
            errors.Invalid("message", "", $"can have at most {MostOfNote} characters");
    }

    /// <summary>What the new form alone asks for when an Event is made.</summary>
    public static void ValidateNew(JsonObject doc, FieldErrors errors)
    {
        Required(doc, "eventTime", "eventTime", errors);
        if (doc.Text("type") is not ("Normal" or "Warning"))
            errors.Invalid("type", "", $"has invalid value: {doc.Text("type")}");
        foreach (string field in new[] { "firstTimestamp", "lastTimestamp" })
        {
            if (doc.Text(field).Length > 0)
                errors.Invalid(field, "", "needs to be unset");
        }

        if ((doc.Number("count") ?? 0) != 0)
            errors.Invalid("count", "", "needs to be unset");
        if (doc.Text("source.component").Length > 0 || doc.Text("source.host").Length > 0)
            errors.Invalid("source", "", "needs to be unset");
    }

    private static void Required(JsonObject doc, string field, string name, FieldErrors errors)
    {
        if (doc.Text(field).Length == 0)
            errors.Required(name, "");
    }
}
