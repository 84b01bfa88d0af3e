using System.Collections.Immutable;
using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.Workloads.Dns.Client;

/// <summary>What resolv.conf(5) says, with glibc's bounds (resolv/res_init.c): three servers, ndots up to 15, 30 s, five attempts.</summary>
internal sealed record ResolverSettings
{
    /// <summary>Servers in their order; 127.0.0.1 where none is named.</summary>
    public ImmutableArray<Ipv4Address> Servers { get; private init; } = [Ipv4Address.Loopback];

    /// <summary>What is put behind names.</summary>
    public ImmutableArray<string> Search { get; private init; } = [];

    /// <summary>Names with so many dots are tried as they are first.</summary>
    public int Dots { get; private init; } = 1;

    /// <summary>The option timeout, from which <see cref="PatienceFor"/> follows.</summary>
    public TimeSpan Patience { get; private init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often every server is asked.</summary>
    public int Attempts { get; private init; } = 2;

    /// <summary>use-vc: by TCP from the beginning.</summary>
    public bool UsesTcp { get; private init; }

    /// <summary>How long a server is waited for: later ones longer, shared among all (glibc resolv/res_send.c, send_dg).</summary>
    /// <param name="server">Its place in <see cref="Servers"/>.</param>
    public TimeSpan PatienceFor(int server)
    {
        int seconds = (int)Patience.TotalSeconds << server;
        return TimeSpan.FromSeconds(Math.Max(1, server > 0 ? seconds / Servers.Length : seconds));
    }

    /// <summary>Reads the file's text. What is not understood counts for nothing, as with glibc.</summary>
    /// <param name="text">The text.</param>
    public static ResolverSettings Parse(string text)
    {
        var settings = new ResolverSettings();
        var servers = ImmutableArray.CreateBuilder<Ipv4Address>();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || words[0][0] is '#' or ';')
                continue;
            if (words[0] == "nameserver" && servers.Count < 3 && Ipv4Address.TryParse(words[1], out Ipv4Address server))
                servers.Add(server);
            else if (words[0] is "search")
                settings = settings with { Search = [.. words[1..].Select(static word => word.TrimEnd('.'))] };
            else if (words[0] is "domain")
                settings = settings with { Search = [words[1].TrimEnd('.')] };
            else if (words[0] == "options")
                settings = words[1..].Aggregate(settings, static (so, word) => so.With(word));
        }

        return servers.Count > 0 ? settings with { Servers = servers.ToImmutable() } : settings;
    }

    private ResolverSettings With(string option)
    {
        string[] parts = option.Split(':');
        int number = parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int read) ? read : -1;
        return parts[0] switch
        {
            "ndots" when number >= 0 => this with { Dots = Math.Min(number, 15) },
            "timeout" when number >= 0 => this with { Patience = TimeSpan.FromSeconds(Math.Clamp(number, 1, 30)) },
            "attempts" when number >= 0 => this with { Attempts = Math.Clamp(number, 1, 5) },
            "use-vc" => this with { UsesTcp = true },
            _ => this,
        };
    }
}
