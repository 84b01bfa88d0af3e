using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Names;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netcat;

/// <summary>How netcat turns words into addresses and ports, and back: getaddrinfo, getnameinfo and their complaints.</summary>
internal sealed class NetcatNames(ProgramContext context, NetcatOptions options, ServiceNames services)
{
    /// <summary>Finds the host to connect to.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">Port, for the complaint.</param>
    public async Task<Ipv4Address> FindHostAsync(string host, string port)
    {
        bool isAddress = Ipv4Address.TryParse(host, out _);
        // -n and -6 never ask a name server.
        Lookup found = options.Ipv6 || (options.Numeric && !isAddress)
            ? new Lookup(LookupOutcome.NoName, [])
            : await context.LookUpAsync(host).ConfigureAwait(false);
        if (found.Outcome == LookupOutcome.Found)
            return found.Address.IsAny ? Ipv4Address.Loopback : found.Address;
        string why = isAddress ? "Address family for hostname not supported" : found.Describe();
        throw NetcatExit.Failure($"getaddrinfo for host \"{host}\" port {port}: {why}");
    }

    /// <summary>Finds what a socket is bound to.</summary>
    /// <param name="host">Address or name, or null for any.</param>
    /// <param name="port">Number or service name, or null for one that is chosen.</param>
    public Ipv4Endpoint FindLocal(string? host, string? port)
    {
        Ipv4Address address = Ipv4Address.Any;
        if (host is not null && !context.TryResolve(host, out address))
            throw NetcatExit.Failure("getaddrinfo: Temporary failure in name resolution");
        ushort number = 0;
        if (port is not null && !services.TryParse(port, options.Protocol, out number))
            throw NetcatExit.Failure("getaddrinfo: Servname not supported for ai_socktype");
        return new Ipv4Endpoint(address, number);
    }

    /// <summary>Reads the client's port or range of ports (build_ports).</summary>
    public (ushort First, ushort Last) FindPorts()
    {
        string text = options.Port;
        int dash = text.Length > 0 && char.IsAsciiDigit(text[0]) ? text.IndexOf('-', StringComparison.Ordinal) : -1;
        ushort first = FindPort(dash < 0 ? text : text[..dash]);
        ushort last = dash < 0 ? first : FindPort(text[(dash + 1)..]);
        return first <= last ? (first, last) : (last, first);
    }

    /// <summary>An end of a connection as -v tells it: with its name, unless -n.</summary>
    /// <param name="endpoint">Address and port.</param>
    public string Describe(Ipv4Endpoint endpoint)
    {
        string? name = options.Numeric ? null : context.FindName(endpoint.Address);
        return string.Create(CultureInfo.InvariantCulture, $"{name ?? endpoint.Address.ToString()} {endpoint.Port}");
    }

    /// <summary>A port's service name as -v tells it.</summary>
    /// <param name="port">Port.</param>
    public string DescribeService(ushort port) => $"[{options.Protocol}/{(options.Numeric ? null : services.Find(port, options.Protocol)) ?? "*"}]";

    private ushort FindPort(string text) => services.TryFind(text, options.Protocol, out ushort port)
        ? port
        : (ushort)NetcatOptions.NumberOr(text, 1, ushort.MaxValue, why => $"port number {why}: {text}");
}
