namespace ActorNet.ApiServer.Proxy;

/// <summary>A request for what a pod, service or node serves: /api/v1/[namespaces/NS/]pods|services|nodes/[SCHEME:]NAME[:PORT]/proxy[/REST].</summary>
/// <param name="Plural">pods, services or nodes.</param>
/// <param name="Namespace">The namespace; empty for nodes.</param>
/// <param name="Scheme">http or https; empty where none was named.</param>
/// <param name="Name">The object's name.</param>
/// <param name="Port">Number or name; empty where none was named.</param>
/// <param name="Rest">The path behind proxy, from its slash on, escaped as it came; empty without one.</param>
internal sealed record ProxyTarget(string Plural, string Namespace, string Scheme, string Name, string Port, string Rest)
{
    /// <summary>Reads a request's path, as it came.</summary>
    /// <returns>Null when it is another.</returns>
    public static ProxyTarget? Parse(string path)
    {
        string[] parts = path.Split('/');
        int at = parts is ["", "api", "v1", "namespaces", ..] ? 5 : 3;
        if (parts is not ["", "api", "v1", ..] || parts.Length < at + 3 || parts[at + 2] != "proxy" || (at == 5) == (parts[at] == "nodes") || parts[at] is not ("pods" or "services" or "nodes"))
            return null;
        (string scheme, string name, string port) = Split(Uri.UnescapeDataString(parts[at + 1]));
        if (name.Length == 0 || scheme is not ("" or "http" or "https"))
            return null;
        string rest = parts.Length > at + 3 ? "/" + string.Join('/', parts[(at + 3)..]) : "";
        return new ProxyTarget(parts[at], at == 5 ? Uri.UnescapeDataString(parts[4]) : "", scheme, name, port, rest);
    }

    /// <summary>Whether another is for the same object.</summary>
    public bool IsOf(ProxyTarget other) => (Plural, Namespace, Name) == (other.Plural, other.Namespace, other.Name);

    // apimachinery pkg/util/net SplitSchemeNamePort.
    private static (string Scheme, string Name, string Port) Split(string id) => id.Split(':') switch
    {
        [var name] => ("", name, ""),
        [var name, var port] => ("", name, port),
        [var scheme, var name, var port] => (scheme, name, port),
        _ => ("", "", ""),
    };
}
