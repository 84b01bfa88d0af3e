using System.Text;

namespace ActorNet.Workloads.Iperf;

/// <summary>The help text: the options that are built in.</summary>
internal static class IperfUsage
{
    public static string Text { get; } = Write();

    private static string Write()
    {
        var text = new StringBuilder("Usage: iperf3 [-s|-c host] [options]\n       iperf3 [-h|--help] [-v|--version]\n");
        foreach ((OptionSide side, string title) in new[]
            { (OptionSide.Both, "Server or Client"), (OptionSide.Server, "Server specific"), (OptionSide.Client, "Client specific") })
        {
            text.Append('\n').Append(title).Append(":\n");
            foreach (IperfOption option in IperfOption.All.Where(option => option.Side == side && option.Help is not null))
                text.Append("  ").Append($"{option.Name}{(option.Value is null ? "" : " " + option.Value)}".PadRight(32)).Append(option.Help).Append('\n');
        }

        return text.Append("\n[KMG] stands for a suffix K, M, G or T\n").ToString();
    }
}
