using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Ping;

/// <summary>How ping prints addresses (iputils 20221126 ping/ping.c pr_addr): with the name in front, if there is one. The last address's is remembered.</summary>
/// <param name="context">The program.</param>
/// <param name="isNumeric">Whether no names are looked for: with -n, and where the destination was given as an address.</param>
internal sealed class PingNames(ProgramContext context, bool isNumeric)
{
    private Ipv4Address _last;
    private string? _text;

    /// <summary>An address as it is printed.</summary>
    /// <param name="address">The address.</param>
    public async ValueTask<string> DescribeAsync(Ipv4Address address)
    {
        if (isNumeric)
            return address.ToString();
        if (_text is null || address != _last)
            (_last, _text) = (address, await context.LookUpNameAsync(address).ConfigureAwait(false) is { } name ? $"{name} ({address})" : address.ToString());
        return _text;
    }
}
