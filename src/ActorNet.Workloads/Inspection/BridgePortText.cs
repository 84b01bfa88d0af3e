using System.Text;
using ActorNet.Dataplane.Bridging;

namespace ActorNet.Workloads.Inspection;

/// <summary>Words for a bridge port that `ip`, `bridge` and `brctl` share.</summary>
internal static class BridgePortText
{
    /// <summary>The state in words.</summary>
    public static string Of(BridgePortState state) => state switch
    {
        BridgePortState.Disabled => "disabled",
        BridgePortState.Listening => "listening",
        BridgePortState.Learning => "learning",
        BridgePortState.Forwarding => "forwarding",
        _ => "blocking",
    };

    /// <summary>`name on ` or `name off `.</summary>
    public static void WriteSwitch(StringBuilder text, string name, bool on) => text.Append(name).Append(on ? " on " : " off ");
}
