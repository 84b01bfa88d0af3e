using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>The roles and bindings that every cluster has from the start: the table <c>bootstrap.rbac</c> says which, and where it comes from.</summary>
public static class BootstrapPolicy
{
    private const string Prefix = "rbac.authorization.k8s.io/";

    /// <summary>All of them, each with the name of its kind, roles before the bindings that name them.</summary>
    public static ImmutableArray<(string Kind, JsonObject Document)> Objects()
    {
        var all = ImmutableArray.CreateBuilder<(string, JsonObject)>();
        JsonArray rules = [];
        foreach (string line in Lines())
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words[0])
            {
                case "role":
                    rules = [];
                    all.Add(("ClusterRole", Role(words[1], words[2..], rules)));
                    break;
                case "sum":
                    JsonObject sum = Role(words[1], words[3..], []);
                    sum["aggregationRule"] = new JsonObject { ["clusterRoleSelectors"] = new JsonArray(new JsonObject { ["matchLabels"] = new JsonObject { [Prefix + words[2]] = "true" } }) };
                    all.Add(("ClusterRole", sum));
                    break;
                case "bind":
                    all.Add(("ClusterRoleBinding", Binding(words[1], words[2], words[3..])));
                    break;
                default:
                    rules.Add(Rule(line).ToDocument());
                    break;
            }
        }

        return all.ToImmutable();
    }

    private static JsonObject Role(string name, string[] labels, JsonArray rules)
    {
        JsonObject metadata = Metadata(name);
        foreach (string label in labels)
            metadata["labels"]![Prefix + label] = "true";
        return new JsonObject { ["metadata"] = metadata, ["rules"] = rules };
    }

    private static JsonObject Binding(string name, string role, string[] subjects) => new()
    {
        ["metadata"] = Metadata(name),
        ["roleRef"] = new JsonObject { ["apiGroup"] = RbacPolicy.Group, ["kind"] = "ClusterRole", ["name"] = role },
        ["subjects"] = new JsonArray([.. subjects.Chunk(2).Select(static each => Subject(each[0], each[1]))]),
    };

    private static JsonObject Subject(string kind, string name) => kind == "ServiceAccount"
        ? new JsonObject { ["kind"] = kind, ["namespace"] = name.Split('/')[0], ["name"] = name.Split('/')[1] }
        : new JsonObject { ["apiGroup"] = RbacPolicy.Group, ["kind"] = kind, ["name"] = name };

    private static JsonObject Metadata(string name) => new()
    {
        ["name"] = name,
        ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
        ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" },
    };

    private static PolicyRule Rule(string line)
    {
        ImmutableArray<string>[] parts = [.. line.Split('|').Select(static part => part.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToImmutableArray())];
        return parts.Length == 2
            ? new PolicyRule(parts[0]) { Paths = parts[1] }
            : new PolicyRule(parts[0]) { Groups = [.. parts[1].Select(static group => group == "core" ? "" : group)], Resources = parts[2], Names = parts.Length > 3 ? parts[3] : [] };
    }

    private static IEnumerable<string> Lines()
    {
        using Stream stream = typeof(BootstrapPolicy).Assembly.GetManifestResourceStream("bootstrap.rbac")
            ?? throw new InvalidOperationException("the resource bootstrap.rbac is not in this assembly");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                yield return line;
        }
    }
}
