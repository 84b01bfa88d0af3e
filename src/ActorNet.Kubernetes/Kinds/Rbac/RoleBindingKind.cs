using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Rbac;

/// <summary>Who may do it (kubernetes pkg/apis/rbac/validation, v1/defaults.go; printers/internalversion printRoleBinding).</summary>
public abstract class AnyBindingKind(string kind, string plural) : KindDescriptor(RbacPolicy.Group, "v1", kind, plural)
{
    private static readonly string[] Subjects = ["ServiceAccount", "User", "Group"];

    /// <inheritdoc/>
    public override NameRule Names => NameRule.PathSegment;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Role", static doc => $"{doc.Text("roleRef.kind")}/{doc.Text("roleRef.name")}"),
        Column.Age,
        Column.Text("Users", static doc => Listed(doc, "User", static subject => subject.Text("name")), 1),
        Column.Text("Groups", static doc => Listed(doc, "Group", static subject => subject.Text("name")), 1),
        Column.Text("ServiceAccounts", static doc => Listed(doc, "ServiceAccount", static subject => $"{subject.Text("namespace")}/{subject.Text("name")}"), 1),
    ];

    /// <summary>The kinds of roles that roleRef may name.</summary>
    protected abstract string[] Roles { get; }

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        ArgumentNullException.ThrowIfNull(doc);
        if (doc.Object("roleRef") is { } reference)
            reference.Default("apiGroup", RbacPolicy.Group);
        foreach (JsonObject subject in doc.Objects("subjects").Where(static each => each.Text("kind") is "User" or "Group"))
            subject.Default("apiGroup", RbacPolicy.Group);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(doc);
        ArgumentNullException.ThrowIfNull(errors);
        if (doc.Text("roleRef.apiGroup") is not RbacPolicy.Group and var group)
            errors.NotSupported("roleRef.apiGroup", group, RbacPolicy.Group);
        if (!Roles.Contains(doc.Text("roleRef.kind")))
            errors.NotSupported("roleRef.kind", doc.Text("roleRef.kind"), Roles);
        if (doc.Text("roleRef.name").Length == 0)
            errors.Required("roleRef.name");
        int index = 0;
        foreach (JsonObject subject in doc.Objects("subjects"))
            ValidateSubject(subject, $"subjects[{index++}]", errors);
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(doc);
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(errors);
        if (JsonNode.DeepEquals(doc["roleRef"], old["roleRef"]))
            return;
        errors.Invalid("roleRef", new RoleReference(doc), "cannot change roleRef");
    }

    private static void ValidateSubject(JsonObject subject, string path, FieldErrors errors)
    {
        if (subject.Text("name").Length == 0)
            errors.Required($"{path}.name");
        switch (subject.Text("kind"))
        {
            case "ServiceAccount":
                if (subject.Text("apiGroup").Length > 0)
                    errors.NotSupported($"{path}.apiGroup", subject.Text("apiGroup"), "");
                if (subject.Text("namespace").Length == 0)
                    errors.Required($"{path}.namespace");
                break;
            case "User" or "Group":
                if (subject.Text("apiGroup") != RbacPolicy.Group)
                    errors.NotSupported($"{path}.apiGroup", subject.Text("apiGroup"), RbacPolicy.Group);
                break;
            default:
                errors.NotSupported($"{path}.kind", subject.Text("kind"), Subjects);
                break;
        }
    }

    private static string Listed(JsonObject doc, string kind, Func<JsonObject, string> name) =>
        string.Join(", ", doc.Objects("subjects").Where(each => each.Text("kind") == kind).Select(name));

    // Go's %#v of rbac.RoleRef, as field.Invalid shows it.
    private sealed record RoleReference(JsonObject Doc)
    {
        public override string ToString() => $"rbac.RoleRef{{APIGroup:\"{Doc.Text("roleRef.apiGroup")}\", Kind:\"{Doc.Text("roleRef.kind")}\", Name:\"{Doc.Text("roleRef.name")}\"}}";
    }
}

/// <summary>RoleBindings: who may do in their namespace what a role says.</summary>
public sealed class RoleBindingKind() : AnyBindingKind("RoleBinding", "rolebindings")
{
    /// <inheritdoc/>
    protected override string[] Roles => ["Role", "ClusterRole"];
}

/// <summary>ClusterRoleBindings: who may do everywhere what a ClusterRole says.</summary>
public sealed class ClusterRoleBindingKind() : AnyBindingKind("ClusterRoleBinding", "clusterrolebindings")
{
    /// <inheritdoc/>
    public override bool IsNamespaced => false;

    /// <inheritdoc/>
    protected override string[] Roles => ["ClusterRole"];
}
