using System.Collections.Immutable;
using System.Security.Cryptography;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Dns.Wire;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>
/// dig of BIND 9.18 (Debian 12): one question, @SERVER, -p, -t, -q, -x, a type, and of the query options those that <see cref="DigOptions"/> knows. Exit
/// codes: 0 for any answer, 1 for wrong words, 9 when no server answered, 10 when the server's own name could not be found.
/// </summary>
public sealed class DigProgram : IProgram
{
    // COOKIE (RFC 7873): option 10 with eight bytes of the client's.
    private const int CookieLength = 8;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        if (args is ["-v"])
        {
            await context.Stderr.WriteAsync($"DiG {DigText.Version}\n").ConfigureAwait(false);
            return 0;
        }

        if (DigOptions.Parse(args, out string complaint) is not { } options)
        {
            await context.Stderr.WriteAsync($"{complaint}Usage:  dig [@global-server] [domain] [q-type] [q-class] {{q-opt}}\n            {{global-d-opt}} host [@local-server] {{local-d-opt}}\n\nUse \"dig -h\" (or \"dig -h | more\") for complete list of options\n").ConfigureAwait(false);
            return 1;
        }

        ResolverSettings settings = context.ReadResolverSettings();
        Lookup found = options.Server is { } server ? await context.LookUpAsync(server).ConfigureAwait(false) : new Lookup(LookupOutcome.Found, settings.Servers);
        if (found.Outcome != LookupOutcome.Found)
        {
            await context.Stderr.WriteAsync($"dig: couldn't get address for '{options.Server}': not found\n").ConfigureAwait(false);
            return 10;
        }

        if (options is { ShowsCommand: true, Short: false })
            await context.Stdout.WriteAsync($"\n; <<>> DiG {DigText.Version} <<>> {string.Join(' ', args)}\n{(options.Server is null ? "" : $"; ({found.Addresses.Length} server{(found.Addresses.Length == 1 ? "" : "s")} found)\n")};; global options: +cmd\n").ConfigureAwait(false);
        return await AskAsync(context, options, found.Addresses, Names(options, settings)).ConfigureAwait(false);
    }

    private static IEnumerable<string> Names(DigOptions options, ResolverSettings settings)
    {
        if (!options.Search || options.Name.EndsWith('.'))
            return [options.Name];
        IEnumerable<string> searched = settings.Search.Select(suffix => $"{options.Name}.{suffix}");
        return options.Name.Count(static c => c == '.') >= settings.Dots ? [options.Name, .. searched] : [.. searched, options.Name];
    }

    // With +search the first name that exists is shown, or the last that does not.
    private static async Task<int> AskAsync(ProgramContext context, DigOptions options, ImmutableArray<Ipv4Address> servers, IEnumerable<string> names)
    {
        string[] all = [.. names];
        for (int i = 0; i < all.Length; i++)
        {
            if (!DnsName.TryParse(all[i], out DnsName name))
            {
                await context.Stderr.WriteAsync($"dig: '{all[i]}' is not a legal IDNA2008 name (empty label or label too long), use +noidnin\n").ConfigureAwait(false);
                return 10;
            }

            if (await AskAsync(context, options, servers, name).ConfigureAwait(false) is not { } answer)
                return 9;
            if (i < all.Length - 1 && answer.Reply.Message!.Code == DnsCode.NameError)
                continue;
            await context.Stdout.WriteAsync(DigText.Of(options, answer.Reply.Message!)).ConfigureAwait(false);
            if (options.ShowsStatistics)
                await context.Stdout.WriteAsync(DigText.Statistics(answer.Server, answer.Took, context.Time.GetUtcNow(), answer.Reply.Length, answer.IsTcp)).ConfigureAwait(false);
        }

        return 0;
    }

    private static async Task<Answered?> AskAsync(ProgramContext context, DigOptions options, ImmutableArray<Ipv4Address> servers, DnsName name)
    {
        var exchange = new DnsExchange(context.Namespace, context.Time);
        for (int attempt = 0; attempt < options.Tries; attempt++)
        {
            foreach (Ipv4Address server in servers)
            {
                var end = new Ipv4Endpoint(server, options.Port);
                long began = context.Time.GetTimestamp();
                bool isTcp = options.Tcp;
                DnsMessage query = Query(options, name);
                DnsReply reply = isTcp
                    ? await exchange.AskTcpAsync(query, end, options.Patience, context.Cancellation).ConfigureAwait(false)
                    : await exchange.AskUdpAsync(query, end, options.Patience, context.Cancellation).ConfigureAwait(false);
                if (reply.Message is { IsTruncated: true } && !isTcp && !options.IgnoresTruncation)
                {
                    if (options.ShowsComments)
                        await context.Stdout.WriteAsync(";; Truncated, retrying in TCP mode.\n").ConfigureAwait(false);
                    isTcp = true;
                    reply = await exchange.AskTcpAsync(query, end, options.Patience, context.Cancellation).ConfigureAwait(false);
                }

                if (reply.Message is not null)
                    return new Answered(reply, end, context.Time.GetElapsedTime(began), isTcp);
                string why = reply.Error == SocketResult.Ok ? "timed out" : reply.Error.Describe().ToLowerInvariant();
                await context.Stdout.WriteAsync($";; communications error to {end.Address}#{end.Port}: {why}\n").ConfigureAwait(false);
            }
        }

        await context.Stdout.WriteAsync(";; no servers could be reached\n").ConfigureAwait(false);
        return null;
    }

    private static DnsMessage Query(DigOptions options, DnsName name) => new()
    {
        Id = DnsExchange.NewId(),
        RecursionDesired = options.Recurses,
        IsAuthentic = options.AuthenticData,
        Questions = [new DnsQuestion(name, options.Type)],
        Edns = options.Edns ? new DnsExtension(options.Size, 0, options.DnssecOk, options.Cookie ? [0, 10, 0, CookieLength, .. RandomNumberGenerator.GetBytes(CookieLength)] : []) : null,
    };

    private sealed record Answered(DnsReply Reply, Ipv4Endpoint Server, TimeSpan Took, bool IsTcp);
}
