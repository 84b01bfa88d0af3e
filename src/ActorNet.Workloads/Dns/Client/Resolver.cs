using System.Collections.Immutable;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Client;

/// <summary>How a look-up ended, with getaddrinfo's words.</summary>
internal enum LookupOutcome
{
    /// <summary>There are addresses.</summary>
    Found,

    /// <summary>The name does not exist, or has no address: EAI_NONAME.</summary>
    NoName,

    /// <summary>No server answered, or none could: EAI_AGAIN.</summary>
    TryAgain,
}

/// <summary>What a look-up found.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Addresses">The addresses as the server ordered them.</param>
internal readonly record struct Lookup(LookupOutcome Outcome, ImmutableArray<Ipv4Address> Addresses)
{
    /// <summary>The first address.</summary>
    public Ipv4Address Address => Addresses[0];

    /// <summary>gai_strerror's words (glibc sysdeps/posix/gai_strerror-strs.h).</summary>
    public string Describe() => Outcome == LookupOutcome.NoName ? "Name or service not known" : "Temporary failure in name resolution";
}

/// <summary>
/// The stub resolver of a C library, for IPv4 (glibc resolv/res_query.c and res_send.c): ndots and search list, servers in turn, attempts, TCP
/// where an answer was cut.
/// </summary>
/// <param name="exchange">Asks one server.</param>
/// <param name="settings">resolv.conf.</param>
internal sealed class Resolver(DnsExchange exchange, ResolverSettings settings)
{
    private const int MaxAliases = 16;

    /// <summary>Finds a name's addresses.</summary>
    /// <param name="name">The name; with a last dot the search list is left alone.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<Lookup> FindAsync(string name, CancellationToken cancel)
    {
        bool again = false;
        foreach (string candidate in Candidates(name))
        {
            if (!DnsName.TryParse(candidate, out DnsName full))
                continue;
            (DnsCode? code, ImmutableArray<Ipv4Address> addresses) = await AskAsync(full, cancel).ConfigureAwait(false);
            if (addresses.Length > 0)
                return new Lookup(LookupOutcome.Found, addresses);
            // Nobody answers: the next name would fare no better (res_search: TRY_AGAIN).
            if (code is null)
                return new Lookup(LookupOutcome.TryAgain, []);
            again |= code is not (DnsCode.NoError or DnsCode.NameError);
        }

        return new Lookup(again ? LookupOutcome.TryAgain : LookupOutcome.NoName, []);
    }

    /// <summary>Finds an address's name.</summary>
    /// <param name="address">The address.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Null: it has none.</returns>
    public async Task<string?> FindNameAsync(Ipv4Address address, CancellationToken cancel)
    {
        DnsMessage? answer = await AskAsync(new DnsQuestion(DnsName.Reverse(address), DnsType.PTR), cancel).ConfigureAwait(false);
        return (answer?.Answers.FirstOrDefault(static each => each.Type == DnsType.PTR)?.Data as DnsData.Target)?.Name.ToString().TrimEnd('.');
    }

    /// <summary>The names to try for a name, in their order (res_search).</summary>
    /// <param name="name">The name.</param>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
            return [name];
        bool asItIsFirst = name.Count(static c => c == '.') >= settings.Dots;
        IEnumerable<string> searched = settings.Search.Select(suffix => $"{name}.{suffix}");
        return asItIsFirst ? [name, .. searched] : [.. searched, name];
    }

    /// <summary>Asks a question of the servers in turn until one answers.</summary>
    /// <param name="question">The question.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Null: none did. An answer of a server that could not is the last resort.</returns>
    public Task<DnsMessage?> AskAsync(DnsQuestion question, CancellationToken cancel) => AskAsync([question], cancel);

    // The answer to the first question. Who refuses (a port unreachable) or fails (SERVFAIL) is left at once for the next, in every attempt
    // (glibc resolv/res_send.c: __res_context_send, send_dg).
    private async Task<DnsMessage?> AskAsync(ImmutableArray<DnsQuestion> questions, CancellationToken cancel)
    {
        DnsMessage? poor = null;
        for (int attempt = 0; attempt < settings.Attempts; attempt++)
        {
            for (int server = 0; server < settings.Servers.Length; server++)
            {
                DnsReply reply = await AskServerAsync(questions, server, cancel).ConfigureAwait(false);
                if (reply.Message is { Code: DnsCode.NoError or DnsCode.NameError } good)
                    return good;
                poor ??= reply.Message;
            }
        }

        return poor;
    }

    private async Task<DnsReply> AskServerAsync(ImmutableArray<DnsQuestion> questions, int server, CancellationToken cancel)
    {
        DnsMessage[] queries = [.. questions.Select(static each => new DnsMessage { Id = DnsExchange.NewId(), RecursionDesired = true, Questions = [each] })];
        var endpoint = new Ipv4Endpoint(settings.Servers[server], DnsExchange.Port);
        TimeSpan patience = settings.PatienceFor(server);
        DnsReply reply = settings.UsesTcp ? default : (await exchange.AskUdpAsync(queries, endpoint, patience, cancel).ConfigureAwait(false))[0];
        return settings.UsesTcp || reply.Message is { IsTruncated: true }
            ? await exchange.AskTcpAsync(queries[0], endpoint, patience, cancel).ConfigureAwait(false)
            : reply;
    }

    // As getaddrinfo for either family: both questions leave together, and both answers are waited for. There is no IPv6 here, so the second says nothing.
    private async Task<(DnsCode? Code, ImmutableArray<Ipv4Address> Addresses)> AskAsync(DnsName name, CancellationToken cancel)
    {
        DnsMessage? answer = await AskAsync([new DnsQuestion(name, DnsType.A), new DnsQuestion(name, DnsType.AAAA)], cancel).ConfigureAwait(false);
        return answer is null ? (null, []) : (answer.Code, AddressesOf(answer, name));
    }

    // Aliases are followed within the answer.
    private static ImmutableArray<Ipv4Address> AddressesOf(DnsMessage answer, DnsName name)
    {
        for (int i = 0; i < MaxAliases; i++)
        {
            ImmutableArray<Ipv4Address> found = [.. answer.Answers.Where(each => each.Name.Equals(name)).Select(static each => each.Data).OfType<DnsData.Address>().Select(static each => each.Value)];
            if (found.Length > 0)
                return found;
            if (answer.Answers.FirstOrDefault(each => each.Type == DnsType.CNAME && each.Name.Equals(name))?.Data is not DnsData.Target alias)
                return [];
            name = alias.Name;
        }

        return [];
    }
}
