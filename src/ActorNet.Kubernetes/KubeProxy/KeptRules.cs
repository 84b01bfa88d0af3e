using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Netfilter;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// Rules that their program looks after: when what shows that they stand is gone, because somebody reloaded a firewall for instance, they are put in again.
/// </summary>
/// <param name="Signs">Chains or rules of which none may be missing.</param>
/// <param name="Rules">The rules.</param>
/// <param name="InOrder">Whether a rule's place in its chain matters: then the chains are emptied and written anew; else what is missing is added.</param>
public sealed record KeptRules(ImmutableArray<EnsuredRule> Signs, ImmutableArray<EnsuredRule> Rules, bool InOrder)
{
    /// <summary>Puts the rules in if a sign is missing.</summary>
    /// <param name="netfilter">Where.</param>
    /// <returns>Null when all is there; else what became of the rules.</returns>
    public RestoreResult? Keep(NetfilterState netfilter)
    {
        ArgumentNullException.ThrowIfNull(netfilter);
        if (Signs.All(netfilter.Has))
            return null;
        RestoreResult emptied = InOrder ? netfilter.Restore(EmptyChains(), noFlush: true) : RestoreResult.Success;
        return emptied.IsSuccess ? netfilter.Ensure(Rules) : emptied;
    }

    // A declared chain is made, or emptied.
    private string EmptyChains()
    {
        var text = new StringBuilder();
        foreach (IGrouping<string, EnsuredRule> table in Rules.Where(static r => r.Rule is null).GroupBy(static r => r.Table))
        {
            text.Append(CultureInfo.InvariantCulture, $"*{table.Key}\n");
            foreach (EnsuredRule chain in table)
                text.Append(CultureInfo.InvariantCulture, $":{chain.Chain} - [0:0]\n");
            text.Append("COMMIT\n");
        }

        return text.ToString();
    }
}
