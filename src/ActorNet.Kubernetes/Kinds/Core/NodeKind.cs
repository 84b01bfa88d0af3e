using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Nodes (kubernetes pkg/registry/core/node).</summary>
public sealed class NodeKind() : KindDescriptor("", "v1", "Node", "nodes")
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable =
        new Dictionary<string, Func<JsonObject, string>> { ["spec.unschedulable"] = doc => doc.Flag("spec.unschedulable") ? "true" : "false" };

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["no"];

    /// <inheritdoc/>
    public override bool IsNamespaced => false;

    /// <inheritdoc/>
    public override bool HasStatus => true;

    /// <inheritdoc/>
    public override bool KeepsStatusOnCreate => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Status", StatusOf),
        Column.Text("Roles", Roles),
        Column.Age,
        Column.Field("Version", "status.nodeInfo.kubeletVersion"),
        Column.Text("Internal-IP", doc => Address(doc, "InternalIP"), 1),
        Column.Text("External-IP", doc => Address(doc, "ExternalIP"), 1),
        Column.Field("OS-Image", "status.nodeInfo.osImage", "<unknown>", 1),
        Column.Field("Kernel-Version", "status.nodeInfo.kernelVersion", "<unknown>", 1),
        Column.Field("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", "<unknown>", 1),
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        JsonObject spec = doc.Ensure("spec");
        if (spec.Text("podCIDR") is { Length: > 0 } cidr && !spec.Texts("podCIDRs").Any())
            spec["podCIDRs"] = new JsonArray(cidr);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        string cidr = doc.Text("spec.podCIDR");
        if (cidr.Length > 0 && !Network.AddressRules.IsCidr(cidr))
            errors.Invalid("spec.podCIDRs", cidr, Network.AddressRules.CidrRule);
        int index = 0;
        foreach (JsonObject taint in doc.Objects("spec.taints"))
        {
            string at = $"spec.taints[{index++}]";
            if (taint.Text("effect").Length == 0)
                errors.Required($"{at}.effect");
            PodSpecRules.OneOf(taint, "effect", at, errors, "NoSchedule", "PreferNoSchedule", "NoExecute");
        }
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (old.Texts("spec.podCIDRs").Any() && !old.Texts("spec.podCIDRs").SequenceEqual(doc.Texts("spec.podCIDRs")))
            errors.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        if (old.Text("spec.providerID").Length > 0 && old.Text("spec.providerID") != doc.Text("spec.providerID"))
            errors.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
    }

    private static string StatusOf(JsonObject node)
    {
        string ready = node.Objects("status.conditions").FirstOrDefault(each => each.Text("type") == "Ready")?.Text("status") switch
        {
            "True" => "Ready",
            "False" or "Unknown" => "NotReady",
            _ => "Unknown",
        };
        return node.Flag("spec.unschedulable") ? ready + ",SchedulingDisabled" : ready;
    }

    private static string Roles(JsonObject node)
    {
        IEnumerable<string> roles = node.Entries("metadata.labels")
            .Select(each => each.Key.StartsWith(RolePrefix, StringComparison.Ordinal) ? each.Key[RolePrefix.Length..] : each.Key == "kubernetes.io/role" ? each.Value : "")
            .Where(role => role.Length > 0);
        string text = string.Join(',', roles.Distinct().Order(StringComparer.Ordinal));
        return text.Length == 0 ? "<none>" : text;
    }

    private static string Address(JsonObject node, string type) =>
        node.Objects("status.addresses").FirstOrDefault(each => each.Text("type") == type)?.Text("address") ?? "<none>";
}
