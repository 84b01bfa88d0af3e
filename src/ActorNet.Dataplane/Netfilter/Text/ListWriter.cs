using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Prints chains as <c>iptables -L</c> and <c>-S</c> 1.8.9 do (iptables/nft-shared.c, nft-ipv4.c, xshared.c).</summary>
internal static class ListWriter
{
    /// <summary>-S: policies and new chains first, then the rules.</summary>
    internal static void WriteCommands(StringBuilder into, IReadOnlyList<Chain> chains, bool counters)
    {
        foreach (Chain chain in chains)
        {
            if (chain.Hook is null)
                into.Append(CultureInfo.InvariantCulture, $"-N {chain.Name}\n");
            else
                into.Append(CultureInfo.InvariantCulture, $"-P {chain.Name} {PolicyOf(chain)}{(counters ? $" -c {chain.Packets} {chain.Bytes}" : "")}\n");
        }

        foreach (Chain chain in chains)
        {
            foreach (Rule rule in chain.Rules)
            {
                var text = new RuleText();
                rule.Print(text, counters);
                string words = text.ToString();
                into.Append("-A ").Append(chain.Name).Append(words.Length > 0 ? " " : "").Append(words).Append('\n');
            }
        }
    }

    /// <summary>-L: a table for each chain.</summary>
    internal static void WriteTables(StringBuilder into, IReadOnlyList<Chain> chains, RuleListing form)
    {
        for (int i = 0; i < chains.Count; i++)
        {
            if (i > 0)
                into.Append('\n');
            WriteHeader(into, chains[i], form);
            for (int number = 1; number <= chains[i].Rules.Length; number++)
                WriteRule(into, chains[i].Rules[number - 1], number, form);
        }
    }

    private static string PolicyOf(Chain chain) => chain.Policy == RuleVerdict.Drop ? "DROP" : "ACCEPT";

    private static void WriteHeader(StringBuilder into, Chain chain, RuleListing form)
    {
        into.Append(CultureInfo.InvariantCulture, $"Chain {chain.Name}");
        if (chain.Hook is null)
            into.Append(CultureInfo.InvariantCulture, $" ({chain.References} references)\n");
        else if (form.Verbose)
            into.Append(CultureInfo.InvariantCulture, $" (policy {PolicyOf(chain)} {Count(chain.Packets, form, 0)}packets, {Count(chain.Bytes, form, 0)}bytes)\n");
        else
            into.Append(CultureInfo.InvariantCulture, $" (policy {PolicyOf(chain)})\n");
        if (form.LineNumbers)
            into.Append("num  ");
        if (form.Verbose)
            into.Append(form.Exact ? "    pkts      bytes " : " pkts bytes ");
        into.Append("target     prot opt");
        if (form.Verbose)
            into.Append(" in     out    ");
        into.Append(" source               destination         \n");
    }

    private static void WriteRule(StringBuilder into, Rule rule, int number, RuleListing form)
    {
        if (form.LineNumbers)
            into.Append(CultureInfo.InvariantCulture, $"{number,-4} ");
        if (form.Verbose)
            into.Append(Count(rule.Packets, form, form.Exact ? 8 : 5)).Append(Count(rule.Bytes, form, form.Exact ? 10 : 5));
        into.Append(CultureInfo.InvariantCulture, $"{rule.Target?.Name ?? "",-9} ");
        RuleHead head = rule.Head;
        string protocol = form.Numeric ? head.Protocol.ToString(CultureInfo.InvariantCulture) : head.Protocol == 0 ? "all" : ProtocolNames.NameOf(head.Protocol);
        into.Append(head.NotProtocol ? '!' : ' ').Append(CultureInfo.InvariantCulture, $"{protocol,-4} ");
        into.Append(head.Fragment ? head.NotFragment ? "!f " : "-f " : "-- ");
        if (form.Verbose)
            into.Append(CultureInfo.InvariantCulture, $" {Device(head.In, form),-6} {Device(head.Out, form),-6} ");
        into.Append(CultureInfo.InvariantCulture, $"{Address(head.Source, form)} {Address(head.Destination, form)} ");
        if (rule.Target?.Option == "-g")
            into.Append("[goto] ");
        var text = new RuleText();
        foreach (RuleMatch match in rule.MatchList)
            match.List(text, form.Numeric);
        rule.Target?.List(text, form.Numeric);
        string words = text.ToString();
        if (words.Length > 0)
            into.Append(' ').Append(words);
        into.Append('\n');
    }

    private static string Device(DeviceMatch device, RuleListing form) =>
        device.Name is null ? form.Numeric ? "*" : "any" : $"{(device.Not ? "!" : "")}{device.Name}{(device.IsPrefix ? "+" : "")}";

    private static string Address(AddressMatch address, RuleListing form) =>
        (address.Not ? "!" : " ") + (address.Mask == 0 ? form.Numeric ? "0.0.0.0/0" : "anywhere" : address.Format(alwaysMask: false)).PadRight(19);

    // xshared.c xtables_print_num: five columns, then K, M, G and T of a thousand each.
    private static string Count(long number, RuleListing form, int width)
    {
        string text = number.ToString(CultureInfo.InvariantCulture);
        if (!form.Exact && number > 99_999)
        {
            number = (number + 500) / 1000;
            string unit = "K";
            foreach (string next in (string[])["M", "G", "T"])
            {
                if (number <= 9_999)
                    break;
                number = (number + 500) / 1000;
                unit = next;
            }

            text = number.ToString(CultureInfo.InvariantCulture) + unit;
        }

        return text.PadLeft(width) + " ";
    }
}
