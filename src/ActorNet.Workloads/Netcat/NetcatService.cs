namespace ActorNet.Workloads.Netcat;

/// <summary>The names that -T takes for a value of IP's type-of-service byte (nc(1); DSCP of RFC 2474, 2597, 3246).</summary>
internal static class NetcatService
{
    /// <summary>Finds a name's value.</summary>
    /// <param name="name">Name.</param>
    /// <returns>The byte's value, or -1.</returns>
    public static int Find(string name) => name switch
    {
        "critical" => 0xA0,
        "inetcontrol" => 0x60 << 1,
        "lowdelay" => 0x10,
        "netcontrol" => 0xE0,
        "throughput" => 0x08,
        "reliability" => 0x04,
        "ef" => 46 << 2,
        _ when name.Length == 4 && name.StartsWith("af", StringComparison.Ordinal) && name[2] is >= '1' and <= '4' && name[3] is >= '1' and <= '3' =>
            (((name[2] - '0') * 8) + ((name[3] - '0') * 2)) << 2,
        _ when name.Length == 3 && name.StartsWith("cs", StringComparison.Ordinal) && name[2] is >= '0' and <= '7' => (name[2] - '0') << 5,
        _ => -1,
    };
}
