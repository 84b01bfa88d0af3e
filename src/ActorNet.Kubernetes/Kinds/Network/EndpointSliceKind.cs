using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Network;

/// <summary>EndpointSlices (kubernetes pkg/registry/discovery/endpointslice).</summary>
public sealed class EndpointSliceKind() : KindDescriptor("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
{
    private const int MaxEndpoints = 1000, MaxPorts = 20_000, Shown = 3;

    /// <inheritdoc/>
    public override bool TracksGeneration => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Field("AddressType", "addressType"),
        Column.Text("Ports", Ports),
        Column.Text("Endpoints", Endpoints),
        Column.Age,
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        foreach (JsonObject port in doc.Objects("ports"))
        {
            if (port["name"] is null)
                port["name"] = "";
            port.Default("protocol", "TCP");
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        string type = doc.Text("addressType");
        if (type.Length == 0)
            errors.Required("addressType");
        PodSpecRules.OneOf(doc, "addressType", "", errors, "FQDN", "IPv4", "IPv6");
        if (doc.Objects("endpoints").Count() > MaxEndpoints)
            errors.Invalid("endpoints", doc.Objects("endpoints").Count(), $"must have at most {MaxEndpoints} items");
        if (doc.Objects("ports").Count() > MaxPorts)
            errors.Invalid("ports", doc.Objects("ports").Count(), $"must have at most {MaxPorts} items");
        int index = 0;
        foreach (JsonObject endpoint in doc.Objects("endpoints"))
        {
            string at = $"endpoints[{index++}].addresses";
            string[] addresses = [.. endpoint.Texts("addresses")];
            if (addresses.Length == 0)
                errors.Required(at, "must contain at least 1 address");
            for (int i = 0; i < addresses.Length; i++)
            {
                if (type is "IPv4" or "IPv6" && !AddressRules.IsAddress(addresses[i]))
                    errors.Invalid($"{at}[{i}]", addresses[i], AddressRules.AddressRule);
            }
        }

        PortNames(doc, errors);
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (doc.Text("addressType") != old.Text("addressType"))
            errors.Invalid("addressType", doc.Text("addressType"), "field is immutable");
    }

    private static void PortNames(JsonObject doc, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (JsonObject port in doc.Objects("ports"))
        {
            string at = $"ports[{index++}]";
            if (!names.Add(port.Text("name")))
                errors.Duplicate($"{at}.name", port.Text("name"));
            PodSpecRules.OneOf(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
        }
    }

    private static string Ports(JsonObject doc) => Few([.. doc.Objects("ports").Select(port => port.Number("port") is long number ? $"{number}" : "*")]);

    private static string Endpoints(JsonObject doc) => Few([.. doc.Objects("endpoints").SelectMany(endpoint => endpoint.Texts("addresses"))]);

    private static string Few(string[] all)
    {
        if (all.Length == 0)
            return "<unset>";
        string text = string.Join(',', all.Take(Shown));
        return all.Length > Shown ? $"{text} + {all.Length - Shown} more..." : text;
    }
}
