using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Dns.Wire;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>
/// nslookup of busybox 1.35 (networking/nslookup.c with FEATURE_NSLOOKUP_BIG): nslookup [-type=TYPE] HOST [SERVER[:PORT]]. Like there, the search list
/// counts for names without any dot only, and every name of it is asked and told.
/// </summary>
public sealed class NslookupProgram : IProgram
{
    private const string Usage =
        "BusyBox v1.35.0 (ActorNet) multi-call binary.\n\nUsage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n\nQuery DNS about HOST\n\n" +
        "QUERY_TYPE: soa,ns,a,aaaa,cname,mx,txt,ptr,srv,any\n";

    // Each server is asked three times within this time (default_timeout, default_retry).
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5.0 / 3);
    private const int Attempts = 3;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        string[] words = [.. args.Where(static each => !each.StartsWith('-'))];
        string[] types = [.. args.Where(static each => each.StartsWith("-type=", StringComparison.Ordinal) || each.StartsWith("-querytype=", StringComparison.Ordinal) || each.StartsWith("-q=", StringComparison.Ordinal)).Select(static each => each[(each.IndexOf('=', StringComparison.Ordinal) + 1)..])];
        if (words.Length is 0 or > 2 || args.Count != words.Length + types.Length + args.Count(static each => each == "-debug"))
            return await FailAsync(context, Usage).ConfigureAwait(false);
        var asked = new List<DnsType>();
        foreach (string text in types)
        {
            if (!Enum.TryParse(text, ignoreCase: true, out DnsType type) || !Enum.IsDefined(type) || char.IsAsciiDigit(text[0]) || type is DnsType.OPT or DnsType.AXFR)
                return await FailAsync(context, $"nslookup: invalid query type \"{text}\"\n").ConfigureAwait(false);
            asked.Add(type);
        }

        ResolverSettings settings = context.ReadResolverSettings();
        (string Name, Ipv4Endpoint End)[] servers;
        if (words.Length == 2)
        {
            if (await ServerAsync(context, words[1]).ConfigureAwait(false) is not { } chosen)
                return await FailAsync(context, $"nslookup: bad address '{words[1]}'\n").ConfigureAwait(false);
            servers = [(words[1], chosen)];
        }
        else
        {
            servers = [.. settings.Servers.Select(static each => (each.ToString(), new Ipv4Endpoint(each, DnsExchange.Port)))];
        }

        DnsQuestion[]? questions = Questions(words[0], asked, settings);
        return questions is null ? await FailAsync(context, $"nslookup: invalid name '{words[0]}'\n").ConfigureAwait(false) : await AskAsync(context, questions, servers).ConfigureAwait(false);
    }

    private static async Task<Ipv4Endpoint?> ServerAsync(ProgramContext context, string text)
    {
        int colon = text.LastIndexOf(':');
        ushort port = DnsExchange.Port;
        if (colon >= 0 && !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port))
            return null;
        Lookup found = await context.LookUpAsync(colon < 0 ? text : text[..colon]).ConfigureAwait(false);
        return found.Outcome == LookupOutcome.Found ? new Ipv4Endpoint(found.Address, port) : null;
    }

    // An address is asked for its name; a name for A and AAAA.
    private static DnsQuestion[]? Questions(string host, List<DnsType> types, ResolverSettings settings)
    {
        if (types.Count == 0 && Ipv4Address.TryParse(host, out Ipv4Address address))
            return [new DnsQuestion(DnsName.Reverse(address), DnsType.PTR)];
        IEnumerable<string> names = host.Contains('.', StringComparison.Ordinal) || settings.Search.IsEmpty ? [host] : settings.Search.Select(suffix => $"{host}.{suffix}");
        var questions = new List<DnsQuestion>();
        foreach (string name in names)
        {
            if (!DnsName.TryParse(name, out DnsName read))
                return null;
            questions.AddRange((types.Count == 0 ? [DnsType.A, DnsType.AAAA] : types).Select(type => new DnsQuestion(read, type)));
        }

        return [.. questions];
    }

    // The first server that answers at all is the one.
    private static async Task<int> AskAsync(ProgramContext context, DnsQuestion[] questions, (string Name, Ipv4Endpoint End)[] servers)
    {
        var exchange = new DnsExchange(context.Namespace, context.Time);
        foreach ((string name, Ipv4Endpoint end) in servers)
        {
            DnsMessage?[] answers = await Task.WhenAll(questions.Select(question => AskAsync(context, exchange, question, end))).ConfigureAwait(false);
            if (answers.All(static each => each is null))
                continue;
            await context.Stdout.WriteAsync($"Server:\t\t{name}\nAddress:\t{end}\n\n").ConfigureAwait(false);
            int code = 0;
            for (int i = 0; i < questions.Length; i++)
            {
                if (answers[i] is not { Code: DnsCode.NoError })
                    code = 1;
                await context.Stdout.WriteAsync(NslookupText.Of(questions[i], answers[i])).ConfigureAwait(false);
            }

            return code;
        }

        return await FailAsync(context, ";; connection timed out; no servers could be reached\n\n").ConfigureAwait(false);
    }

    private static async Task<DnsMessage?> AskAsync(ProgramContext context, DnsExchange exchange, DnsQuestion question, Ipv4Endpoint server)
    {
        for (int i = 0; i < Attempts; i++)
        {
            var query = new DnsMessage { Id = DnsExchange.NewId(), RecursionDesired = true, Questions = [question] };
            DnsReply reply = await exchange.AskUdpAsync(query, server, Patience, context.Cancellation).ConfigureAwait(false);
            if (reply.Message is not null || reply.Error != SocketResult.Ok)
                return reply.Message;
        }

        return null;
    }

    private static async Task<int> FailAsync(ProgramContext context, string text)
    {
        await (text[0] == ';' ? context.Stdout : context.Stderr).WriteAsync(text).ConfigureAwait(false);
        return 1;
    }
}
