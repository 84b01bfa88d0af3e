namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>Names of tables and built-in chains, and which chain a table has (linux net/ipv4/netfilter/iptable_*.c).</summary>
internal static class TableNames
{
    internal const string Raw = "raw";
    internal const string Mangle = "mangle";
    internal const string Nat = "nat";
    internal const string Filter = "filter";

    /// <summary>The order in which iptables-save of the nf_tables variant prints (iptables/nft.h, enum nft_table_type).</summary>
    internal static ReadOnlySpan<string> SaveOrder => Order;

    private static readonly string[] Order = [Mangle, Raw, Filter, Nat];
    private static readonly NetfilterHook[] All = Enum.GetValues<NetfilterHook>();
    private static readonly NetfilterHook[] RawHooks = [NetfilterHook.PreRouting, NetfilterHook.Output];
    private static readonly NetfilterHook[] NatHooks = [NetfilterHook.PreRouting, NetfilterHook.Input, NetfilterHook.Output, NetfilterHook.PostRouting];
    private static readonly NetfilterHook[] FilterHooks = [NetfilterHook.Input, NetfilterHook.Forward, NetfilterHook.Output];
    private static readonly string[] Names = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

    internal static bool IsTable(string name) => Order.Contains(name);

    internal static NetfilterHook[] HooksOf(string table) => table switch
    {
        Raw => RawHooks,
        Nat => NatHooks,
        Filter => FilterHooks,
        _ => All,
    };

    internal static string ChainOf(NetfilterHook hook) => Names[(int)hook];
}
