using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Netfilter.Conntrack;

namespace ActorNet.Dataplane.Inspection;

/// <summary>What a tool wants from a namespace's netfilter: data, so that it can travel to the owner.</summary>
public abstract record NetfilterRequest;

/// <summary>`iptables-save`.</summary>
/// <param name="Table">One table, or null for all that there are.</param>
/// <param name="Counters">With counters.</param>
/// <param name="Time">The moment that its comments name.</param>
public sealed record SaveRules(string? Table, bool Counters, DateTimeOffset Time) : NetfilterRequest;

/// <summary>`iptables-restore`.</summary>
/// <param name="Text">What it reads.</param>
/// <param name="NoFlush">Chains that are not named stay.</param>
/// <param name="Counters">Counters are taken from the text.</param>
public sealed record RestoreRules(string Text, bool NoFlush, bool Counters) : NetfilterRequest;

/// <summary>A command of `iptables` that changes or checks rules.</summary>
/// <param name="Table">The table.</param>
/// <param name="Words">The command and what follows it.</param>
public sealed record ChangeRules(string Table, IReadOnlyList<string> Words) : NetfilterRequest;

/// <summary>`iptables -L` and `-S`.</summary>
/// <param name="Table">The table.</param>
/// <param name="Chain">One chain, or null for all.</param>
/// <param name="Form">How.</param>
public sealed record ListRules(string Table, string? Chain, RuleListing Form) : NetfilterRequest;

/// <summary>`conntrack -L`.</summary>
/// <param name="Filter">Which.</param>
/// <param name="Extended">-o extended: with the network protocol.</param>
public sealed record ListConnections(ConntrackFilter Filter, bool Extended) : NetfilterRequest;

/// <summary>`conntrack -D`, and `-F` with an empty filter; the answer has the connections that were deleted.</summary>
/// <param name="Filter">Which.</param>
public sealed record DeleteConnections(ConntrackFilter Filter) : NetfilterRequest;

/// <summary>`conntrack -S`.</summary>
public sealed record ShowConntrackStatistics : NetfilterRequest;

/// <summary>`conntrack -C`.</summary>
public sealed record CountConnections : NetfilterRequest;

/// <summary>What a request came to.</summary>
/// <param name="ExitCode">The real tool's.</param>
/// <param name="Output">For standard output.</param>
/// <param name="Error">For standard error.</param>
/// <param name="Count">Connections that were listed, deleted or counted.</param>
public sealed record NetfilterAnswer(int ExitCode, string Output, string Error, int Count = 0);

/// <summary>Carries requests out on a namespace's live tables.</summary>
public static class NetfilterRequests
{
    /// <summary>Carries out a request; on the namespace's owner.</summary>
    /// <param name="networkNamespace">The namespace. Rules give it its netfilter when it has none yet, as a tool loads the kernel's modules.</param>
    /// <param name="request">The request.</param>
    public static NetfilterAnswer Run(Ip.NetworkNamespace networkNamespace, NetfilterRequest request)
    {
        ArgumentNullException.ThrowIfNull(networkNamespace);
        NetfilterState? state = networkNamespace.Netfilter;
        switch (request)
        {
            case SaveRules save:
                return new NetfilterAnswer(0, state?.Save(save.Time, save.Table, save.Counters) ?? "", "");
            case RestoreRules restore:
                return Of(networkNamespace.EnableNetfilter().Restore(restore.Text, restore.NoFlush, restore.Counters));
            case ChangeRules change:
                return Of(networkNamespace.EnableNetfilter().Change(change.Table, change.Words));
            case ListRules list:
                return networkNamespace.EnableNetfilter().List(list.Table, list.Chain, list.Form);
            case ListConnections list:
                (string text, int count) = state?.ListConnections(list.Filter, list.Extended) ?? ("", 0);
                return new NetfilterAnswer(0, text, "", count);
            case DeleteConnections delete:
                (string gone, int deleted) = state?.DeleteConnections(delete.Filter) ?? ("", 0);
                return new NetfilterAnswer(0, gone, "", deleted);
            case ShowConntrackStatistics:
                return new NetfilterAnswer(0, state?.ListStatistics() ?? "", "");
            case CountConnections:
                return new NetfilterAnswer(0, "", "", state?.ConnectionCount ?? 0);
            default:
                return new NetfilterAnswer(1, "", $"no such request: {request}\n");
        }
    }

    private static NetfilterAnswer Of(RestoreResult result) => new(result.ExitCode, "", result.Error);
}
