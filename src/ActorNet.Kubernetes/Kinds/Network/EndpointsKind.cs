using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Network;

/// <summary>Endpoints (kubernetes pkg/registry/core/endpoint).</summary>
public sealed class EndpointsKind() : KindDescriptor("", "v1", "Endpoints", "endpoints")
{
    private const int Shown = 3;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ep"];

    /// <inheritdoc/>
    public override bool AllowsCreateOnUpdate => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } = [Column.ObjectName, Column.Text("Endpoints", Summary), Column.Age];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        foreach (JsonObject port in doc.Objects("subsets").SelectMany(subset => subset.Objects("ports")))
            port.Default("protocol", "TCP");
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject subset in doc.Objects("subsets"))
        {
            string at = $"subsets[{index++}]";
            if (!subset.Objects("addresses").Any() && !subset.Objects("notReadyAddresses").Any())
                errors.Required(at, "must specify `addresses` or `notReadyAddresses`");
            foreach (string list in new[] { "addresses", "notReadyAddresses" })
                Addresses(subset, $"{at}.{list}", list, errors);
            int port = 0;
            foreach (JsonObject each in subset.Objects("ports"))
            {
                string place = $"{at}.ports[{port++}]";
                if (!PortRules.IsPort(each.Number("port") ?? 0))
                    errors.Invalid($"{place}.port", each.Number("port") ?? 0, PortRules.Range);
                PodSpecRules.OneOf(each, "protocol", place, errors, "SCTP", "TCP", "UDP");
            }
        }
    }

    private static void Addresses(JsonObject subset, string path, string list, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject address in subset.Objects(list))
        {
            string at = $"{path}[{index++}].ip", ip = address.Text("ip");
            if (!AddressRules.IsAddress(ip))
                errors.Invalid(at, ip, AddressRules.AddressRule);
            else if (ip.StartsWith("127.", StringComparison.Ordinal))
                errors.Invalid(at, ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        }
    }

    private static string Summary(JsonObject doc)
    {
        string[] all = [.. doc.Objects("subsets").SelectMany(subset => subset.Objects("ports").Any()
            ? subset.Objects("ports").SelectMany(port => subset.Objects("addresses").Select(address => $"{address.Text("ip")}:{port.Number("port")}"))
            : subset.Objects("addresses").Select(address => address.Text("ip")))];
        if (all.Length == 0)
            return "<none>";
        string text = string.Join(',', all.Take(Shown));
        return all.Length > Shown ? $"{text} + {all.Length - Shown} more..." : text;
    }
}
