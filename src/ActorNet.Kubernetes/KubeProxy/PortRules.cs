using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>Writes the rules of one port of a Service, in kube-proxy's order: what captures its traffic, then the chains that choose an endpoint.</summary>
/// <param name="options">The node's settings.</param>
/// <param name="sheets">Where they are written.</param>
internal sealed class PortRules(ProxyOptions options, RuleSheets sheets)
{
    // The first of so many endpoints that are left.
    private static readonly string[] Chances = [.. Enumerable.Range(0, 101).Select(ChanceOf)];

    /// <summary>Writes the rules.</summary>
    /// <param name="port">The port.</param>
    /// <param name="choice">Its endpoints.</param>
    /// <param name="comments">Whether endpoint rules have comments.</param>
    /// <param name="chains">Gets the chains that the port needs.</param>
    internal void Write(ProxyServicePort port, EndpointChoice choice, bool comments, List<string> chains)
    {
        string cluster = "KUBE-SVC-" + port.Hash;
        string local = "KUBE-SVL-" + port.Hash;
        string external = "KUBE-EXT-" + port.Hash;
        string firewall = "KUBE-FW-" + port.Hash;
        string inside = port.IsInternalLocal ? local : cluster;
        bool hasInside = (port.IsInternalLocal ? choice.Local : choice.Cluster).Count > 0;
        bool hasOutside = (port.IsExternalLocal ? choice.Local : choice.Cluster).Count > 0;
        bool hasEndpoints = choice.All.Count > 0;
        bool usesExternal = hasEndpoints && port.IsExternallyAccessible;
        bool usesFirewall = usesExternal && port.LoadBalancerIPs.Count > 0 && port.LoadBalancerSourceRanges.Count > 0;
        if (choice.Cluster.Count > 0)
            chains.Add(cluster);
        if (choice.Local.Count > 0)
            chains.Add(local);
        if (usesExternal)
            chains.Add(external);
        if (usesFirewall)
            chains.Add(firewall);

        Capture(port, port.ClusterIP, "cluster IP", hasInside ? inside : null, choice);
        CaptureExternal(port, choice, hasEndpoints, hasOutside, usesFirewall ? firewall : external, external);
        if (port.HealthCheckNodePort != 0)
            Line(sheets.Filter, $"-A KUBE-NODEPORTS -m comment --comment \"{port.Name} health check node port\" -m tcp -p tcp --dport {port.HealthCheckNodePort} -j ACCEPT");
        if (hasInside)
            MarkFromOutside(port, inside);
        if (usesExternal)
            External(port, external, cluster, local, hasOutside);
        if (usesFirewall)
            Firewall(port, firewall, external);
        Balance(port, cluster, choice.Cluster, comments);
        Balance(port, local, choice.Local, comments);
        foreach (ProxyEndpoint endpoint in choice.All)
            chains.Add(Endpoint(port, endpoint, comments));
    }

    private void Capture(ProxyServicePort port, string address, string kind, string? to, EndpointChoice choice)
    {
        if (to is not null)
            Line(sheets.Captures, $"-A KUBE-SERVICES -m comment --comment \"{port.Name} {kind}\" -m {port.Protocol} -p {port.Protocol} -d {address} --dport {port.Port} -j {to}");
        else
            Refuse("KUBE-SERVICES", port, $"-m {port.Protocol} -p {port.Protocol} -d {address} --dport {port.Port}", choice, port.IsInternalLocal);
    }

    private void CaptureExternal(ProxyServicePort port, EndpointChoice choice, bool hasEndpoints, bool hasOutside, string balancerTo, string external)
    {
        string proto = $"-m {port.Protocol} -p {port.Protocol}";
        foreach (string address in port.ExternalIPs)
        {
            if (hasEndpoints)
                Line(sheets.Captures, $"-A KUBE-SERVICES -m comment --comment \"{port.Name} external IP\" {proto} -d {address} --dport {port.Port} -j {external}");
            if (!hasOutside)
                Refuse("KUBE-EXTERNAL-SERVICES", port, $"{proto} -d {address} --dport {port.Port}", choice, port.IsExternalLocal);
        }

        foreach (string address in port.LoadBalancerIPs)
        {
            if (hasEndpoints)
                Line(sheets.Captures, $"-A KUBE-SERVICES -m comment --comment \"{port.Name} loadbalancer IP\" {proto} -d {address} --dport {port.Port} -j {balancerTo}");
            if (balancerTo != external)
                Line(sheets.Filter, $"-A KUBE-PROXY-FIREWALL -m comment --comment \"{port.Name} traffic not accepted by {balancerTo}\" {proto} -d {address} --dport {port.Port} -j DROP");
            if (!hasOutside)
                Refuse("KUBE-EXTERNAL-SERVICES", port, $"{proto} -d {address} --dport {port.Port}", choice, port.IsExternalLocal);
        }

        if (port.NodePort == 0)
            return;
        if (hasEndpoints)
        {
            if (options is { LocalhostNodePorts: true, HasAccounting: true })
                Line(sheets.Captures, $"-A KUBE-NODEPORTS -m comment --comment \"{port.Name}\" {proto} --dport {port.NodePort} -d 127.0.0.0/8 -m nfacct --nfacct-name localhost_nps_accepted_pkts -j {external}");
            Line(sheets.Captures, $"-A KUBE-NODEPORTS -m comment --comment \"{port.Name}\" {proto} --dport {port.NodePort} -j {external}");
        }

        if (!hasOutside)
            Refuse("KUBE-EXTERNAL-SERVICES", port, $"-m addrtype --dst-type LOCAL {proto} --dport {port.NodePort}", choice, port.IsExternalLocal);
    }

    // No endpoint anywhere is told to the caller; none here under policy Local is silence, for a balancer to try elsewhere.
    private void Refuse(string chain, ProxyServicePort port, string what, EndpointChoice choice, bool isLocalPolicy)
    {
        bool silent = isLocalPolicy && choice.HasAny;
        Line(sheets.Filter, $"-A {chain} -m comment --comment \"{port.Name} has no {(silent ? "local endpoints" : "endpoints")}\" {what} -j {(silent ? "DROP" : "REJECT")}");
    }

    private void MarkFromOutside(ProxyServicePort port, string inside)
    {
        string? from = options.MasqueradeAll ? "" : options.ClusterCidr is { } cidr ? $" ! -s {cidr}" : null;
        if (from is not null)
            Line(sheets.Own, $"-A {inside} -m comment --comment \"{port.Name} cluster IP\" -m {port.Protocol} -p {port.Protocol} -d {port.ClusterIP} --dport {port.Port}{from} -j KUBE-MARK-MASQ");
    }

    private void External(ProxyServicePort port, string external, string cluster, string local, bool hasOutside)
    {
        if (!port.IsExternalLocal)
        {
            Line(sheets.Own, $"-A {external} -m comment --comment \"masquerade traffic for {port.Name} external destinations\" -j KUBE-MARK-MASQ");
        }
        else
        {
            if (options.ClusterCidr is { } cidr)
                Line(sheets.Own, $"-A {external} -m comment --comment \"pod traffic for {port.Name} external destinations\" -s {cidr} -j {cluster}");
            Line(sheets.Own, $"-A {external} -m comment --comment \"masquerade LOCAL traffic for {port.Name} external destinations\" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ");
            Line(sheets.Own, $"-A {external} -m comment --comment \"route LOCAL traffic for {port.Name} external destinations\" -m addrtype --src-type LOCAL -j {cluster}");
        }

        if (hasOutside)
            Line(sheets.Own, $"-A {external} -j {(port.IsExternalLocal ? local : cluster)}");
    }

    private void Firewall(ProxyServicePort port, string firewall, string external)
    {
        bool fromNode = false;
        foreach (string range in port.LoadBalancerSourceRanges)
        {
            Line(sheets.Own, $"-A {firewall} -m comment --comment \"{port.Name} loadbalancer IP\" -s {range} -j {external}");
            fromNode |= Packets.Ipv4Prefix.TryParse(range, out Packets.Ipv4Prefix prefix)
                && options.NodeAddresses.Any(a => Packets.Ipv4Address.TryParse(a, out Packets.Ipv4Address address) && prefix.Contains(address));
        }

        foreach (string address in fromNode ? port.LoadBalancerIPs : [])
            Line(sheets.Own, $"-A {firewall} -m comment --comment \"{port.Name} loadbalancer IP\" -s {address} -j {external}");
        Line(sheets.Own, $"-A {firewall} -m comment --comment \"other traffic to {port.Name} will be dropped by KUBE-PROXY-FIREWALL\"");
    }

    // writeServiceToEndpointRules: who came before goes where it went; all others by chance, the i-th of n with 1/(n-i).
    private void Balance(ProxyServicePort port, string chain, IReadOnlyList<ProxyEndpoint> endpoints, bool comments)
    {
        if (port.AffinitySeconds > 0)
        {
            foreach (ProxyEndpoint endpoint in endpoints)
            {
                string to = endpoint.Chain;
                Line(sheets.Own, $"-A {chain}{Comment(port, endpoint, comments)} -m recent --name {to} --rcheck --seconds {port.AffinitySeconds} --reap -j {to}");
            }
        }

        for (int i = 0; i < endpoints.Count; i++)
        {
            int left = endpoints.Count - i;
            string chance = left == 1 ? "" : left < Chances.Length ? Chances[left] : ChanceOf(left);
            Line(sheets.Own, $"-A {chain}{Comment(port, endpoints[i], comments)}{chance} -j {endpoints[i].Chain}");
        }
    }

    private string Endpoint(ProxyServicePort port, ProxyEndpoint endpoint, bool comments)
    {
        string chain = endpoint.Chain;
        string comment = comments ? $" -m comment --comment \"{port.Name}\"" : "";
        // A pod that reaches itself through its service has to get an answer from somebody else (hairpin).
        Line(sheets.Own, $"-A {chain}{comment} -s {endpoint.Address} -j KUBE-MARK-MASQ");
        string recent = port.AffinitySeconds > 0 ? $" -m recent --name {chain} --set" : "";
        Line(sheets.Own, $"-A {chain}{comment}{recent} -m {port.Protocol} -p {port.Protocol} -j DNAT --to-destination {endpoint.Text}");
        return chain;
    }

    private static string ChanceOf(int endpoints) => string.Create(CultureInfo.InvariantCulture, $" -m statistic --mode random --probability {1.0 / endpoints:F10}");

    private static string Comment(ProxyServicePort port, ProxyEndpoint endpoint, bool comments) =>
        comments ? $" -m comment --comment \"{port.Name} -> {endpoint.Text}\"" : "";

    // Each line is written where it goes, without a string of its own.
    private static void Line(StringBuilder into, [InterpolatedStringHandlerArgument(nameof(into))] ref StringBuilder.AppendInterpolatedStringHandler line) =>
        into.Append(CultureInfo.InvariantCulture, ref line).Append('\n');
}
