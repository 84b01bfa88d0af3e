using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>What a rule does with a packet that it matches: <c>-j NAME</c> with its options.</summary>
internal abstract class RuleTarget
{
    /// <summary>The name behind -j or -g.</summary>
    internal abstract string Name { get; }

    /// <summary>The option that names it.</summary>
    internal virtual string Option => "-j";

    /// <summary>Tables that the kernel lets it stand in; null for all (xt_target.table).</summary>
    internal virtual string? OnlyTable => null;

    /// <summary>Hooks that the kernel lets it be reached from, a bit for each <see cref="NetfilterHook"/> (xt_target.hooks).</summary>
    internal virtual int HookMask => 0x1F;

    /// <summary>Whether it may do something else for each packet of one direction of an established connection, or has an effect beyond the packet.</summary>
    internal virtual bool DependsOnPacket => true;

    /// <summary>Acts on the packet.</summary>
    internal abstract RuleVerdict Execute(NetfilterPacket packet);

    /// <summary>Writes the options as iptables-save shows them, behind <c>-j NAME</c>.</summary>
    internal virtual void Print(RuleText text)
    {
    }

    /// <summary>Writes what <c>iptables -L</c> shows behind the matches.</summary>
    /// <param name="text">Where.</param>
    /// <param name="numeric">Numbers instead of names.</param>
    internal virtual void List(RuleText text, bool numeric) => Print(text);

    /// <summary>The mask of some hooks.</summary>
    protected static int Hooks(params ReadOnlySpan<NetfilterHook> hooks)
    {
        int mask = 0;
        foreach (NetfilterHook hook in hooks)
            mask |= 1 << (int)hook;
        return mask;
    }
}
