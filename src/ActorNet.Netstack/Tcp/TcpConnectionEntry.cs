namespace ActorNet.Netstack;

/// <summary>One line of the table of connections.</summary>
/// <param name="Local">Our end.</param>
/// <param name="Remote">The peer's.</param>
/// <param name="State">State.</param>
/// <param name="Info">What ss -i shows; little more than the state in SYN-RECEIVED and TIME-WAIT.</param>
public readonly record struct TcpConnectionEntry(Ipv4Endpoint Local, Ipv4Endpoint Remote, TcpState State, TcpInfo Info);
