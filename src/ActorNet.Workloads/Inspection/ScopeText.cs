using System.Globalization;
using ActorNet.Dataplane.Ip.Routing;

namespace ActorNet.Workloads.Inspection;

/// <summary>The names of scopes (iproute2 etc/iproute2/rt_scopes).</summary>
internal static class ScopeText
{
    public static string Of(RouteScope scope) => scope switch
    {
        RouteScope.Global => "global",
        RouteScope.Link => "link",
        RouteScope.Host => "host",
        RouteScope.Nowhere => "nowhere",
        _ => ((int)scope).ToString(CultureInfo.InvariantCulture),
    };

    public static RouteScope Parse(string word) => word switch
    {
        "global" or "universe" => RouteScope.Global,
        "link" => RouteScope.Link,
        "host" => RouteScope.Host,
        "nowhere" => RouteScope.Nowhere,
        _ => ArgumentReader.TryNumber(word, out int number) && number < 256 ? (RouteScope)number : throw ArgumentReader.Wrong(word, "invalid \"scope\"\n"),
    };
}
