using System.Collections.Immutable;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>A rule of a role (rbac/v1 PolicyRule; kubernetes pkg/apis/rbac/v1/evaluation_helpers.go).</summary>
/// <param name="Verbs">Verbs, or "*".</param>
public sealed record PolicyRule(ImmutableArray<string> Verbs)
{
    private const string All = "*";

    /// <summary>API groups, or "*".</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>Resources, "resource/part", "*/part", or "*".</summary>
    public ImmutableArray<string> Resources { get; init; } = [];

    /// <summary>Names of objects; empty: all.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Paths that are no resources; a "*" at the end stands for anything.</summary>
    public ImmutableArray<string> Paths { get; init; } = [];

    /// <summary>Reads a rule of a Role or ClusterRole.</summary>
    public static PolicyRule Of(JsonObject rule) => new([.. rule.Texts("verbs")])
    {
        Groups = [.. rule.Texts("apiGroups")],
        Resources = [.. rule.Texts("resources")],
        Names = [.. rule.Texts("resourceNames")],
        Paths = [.. rule.Texts("nonResourceURLs")],
    };

    /// <summary>As in a role.</summary>
    public JsonObject ToDocument()
    {
        var rule = new JsonObject { ["verbs"] = List(Verbs) };
        foreach ((string name, ImmutableArray<string> values) in new[] { ("apiGroups", Groups), ("resources", Resources), ("resourceNames", Names), ("nonResourceURLs", Paths) })
        {
            if (values.Length > 0)
                rule[name] = List(values);
        }

        return rule;
    }

    /// <summary>Whether the rule allows a request.</summary>
    public bool Allows(AccessRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!Has(Verbs, request.Verb))
            return false;
        return request.IsResource
            ? Has(Groups, request.Group) && Resources.Any(each => Covers(each, request.Combined, request.Subresource)) && (Names.IsEmpty || Names.Contains(request.Name))
            : Paths.Any(each => CoversPath(each, request.Path));
    }

    /// <summary>Whether the rule allows all that another one does (component-helpers auth/rbac/validation/policy_comparator.go, ruleCovers).</summary>
    /// <param name="other">A rule of one verb, group, resource and name, or of one verb and path.</param>
    public bool Covers(PolicyRule other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return HasAll(Verbs, other.Verbs) && HasAll(Groups, other.Groups)
            && (Resources.Contains(All) || other.Resources.All(each => Resources.Any(own => Covers(own, each, PartOf(each)))))
            && other.Paths.All(each => Paths.Any(own => CoversPath(own, each)))
            && (other.Names.IsEmpty ? Names.IsEmpty : Names.IsEmpty || other.Names.All(Names.Contains));
    }

    /// <summary>The rule as rules of one verb, group, resource and name each, or of one verb and path (policy_comparator.go, BreakdownRule).</summary>
    public IEnumerable<PolicyRule> Single()
    {
        ImmutableArray<string>[] names = Names.IsEmpty ? [[]] : [.. Names.Select(static name => ImmutableArray.Create(name))];
        IEnumerable<PolicyRule> resources =
            from @group in Groups
            from resource in Resources
            from verb in Verbs
            from name in names
            select new PolicyRule([verb]) { Groups = [@group], Resources = [resource], Names = name };
        return resources.Concat(from path in Paths from verb in Verbs select new PolicyRule([verb]) { Paths = [path] });
    }

    /// <summary>As refusals name a rule that the user has not (policy_compact.go, CompactString).</summary>
    public override string ToString()
    {
        IEnumerable<string> parts = new[] { ("APIGroups", Groups), ("Resources", Resources), ("NonResourceURLs", Paths), ("ResourceNames", Names), ("Verbs", Verbs) }
            .Where(static each => each.Item2.Length > 0)
            .Select(static each => $"{each.Item1}:[{string.Join(" ", each.Item2.Select(static text => $"\"{text}\""))}]");
        return $"{{{string.Join(", ", parts)}}}";
    }

    private static string PartOf(string resource) => resource.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? resource[(slash + 1)..] : "";

    private static bool Covers(string own, string asked, string part) => own == All || own == asked || (part.Length > 0 && own == $"*/{part}");

    private static bool CoversPath(string own, string asked) =>
        own == All || own == asked || (own.EndsWith('*') && asked.StartsWith(own.TrimEnd('*'), StringComparison.Ordinal));

    private static bool Has(ImmutableArray<string> own, string asked) => own.Contains(All) || own.Contains(asked);

    private static bool HasAll(ImmutableArray<string> own, ImmutableArray<string> asked) => own.Contains(All) || asked.All(own.Contains);

    private static JsonArray List(ImmutableArray<string> values) => [.. values.Select(static each => JsonValue.Create(each))];
}
