using System.Globalization;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`arp` of net-tools 2.10, which reads /proc/net/arp. No name is ever found, so addresses stay numbers with and without -n.</summary>
public sealed class ArpTool : IInspectionTool
{
    private const string Usage = "Usage:\n  arp [-vn] [-i <if>] [-a] [-e] [<address>]             <-Display ARP cache";

    /// <inheritdoc/>
    public string Name => "arp";

    /// <inheritdoc/>
    public Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(args);
        return ToolOutcome.RunAsync(outcome => RunAsync(control, args, outcome, cancellationToken), stdout, stderr);
    }

    private static async Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        ArpOptions options = ArpOptions.Parse(args);
        if (options.Version)
        {
            outcome.Out.Append("net-tools 2.10\n");
            return 0;
        }

        Ipv4Address? host = null;
        if (options.Host is not null)
            host = Ipv4Address.TryParse(options.Host, out Ipv4Address parsed) ? parsed : throw new ToolFailure(255, $"{options.Host}: Host name lookup failure");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);

        // Entries in no state and those that need no resolution are not in /proc/net/arp (linux net/core/neighbour.c NEIGH_SEQ_SKIP_NOARP); proxies come last.
        List<NeighbourView> entries =
        [
            .. view.Neighbours.Where(static entry => !entry.Proxy && entry.State is not (NeighbourState.None or NeighbourState.NoArp)),
            .. view.Neighbours.Where(static entry => entry.Proxy),
        ];
        List<NeighbourView> shown = [.. entries.Where(entry => (host is null || entry.Address == host) && (options.Device is null || entry.Device == options.Device))];
        if (shown.Count > 0 && !options.Bsd)
            outcome.Out.Append("Address                  HWtype  HWaddress           Flags Mask            Iface\n");
        foreach (NeighbourView entry in shown)
            outcome.Out.Append(options.Bsd ? BsdLine(entry) : TableLine(entry));
        if (options.Verbose)
            outcome.Out.Append(CultureInfo.InvariantCulture, $"Entries: {entries.Count}\tSkipped: {entries.Count - shown.Count}\tFound: {shown.Count}\n");
        if (shown.Count == 0)
            WriteNone(outcome, host, options, entries.Count);
        return 0;
    }

    private static void WriteNone(ToolOutcome outcome, Ipv4Address? host, ArpOptions options, int entries)
    {
        if (host is not null && !options.Bsd)
            outcome.Out.Append(CultureInfo.InvariantCulture, $"{host} ({host}) -- no entry\n");
        else if (host is not null || options.Device is not null)
            outcome.Out.Append(CultureInfo.InvariantCulture, $"arp: in {entries} entries no match found.\n");
    }

    /// <summary>Whether the link-layer address is known (ATF_COM): the state is one of NUD_VALID.</summary>
    private static bool IsComplete(NeighbourView entry) => !entry.Proxy && entry.State is not (NeighbourState.Incomplete or NeighbourState.Failed);

    private static string TableLine(NeighbourView entry)
    {
        string hardware = entry.Proxy ? "*       <from_interface>    "
            : IsComplete(entry) ? $"ether   {entry.Mac,-20}"
            : "        (incomplete)        ";
        string flags = entry.Proxy ? "MP" : (IsComplete(entry) ? "C" : "") + (entry.State == NeighbourState.Permanent ? "M" : "");
        return string.Create(CultureInfo.InvariantCulture, $"{entry.Address,-23}  {hardware}{flags,-6}{"",-15} {entry.Device}\n");
    }

    private static string BsdLine(NeighbourView entry)
    {
        string hardware = entry.Proxy ? "<from_interface> PERM PUB"
            : IsComplete(entry) ? $"{entry.Mac} [ether]" + (entry.State == NeighbourState.Permanent ? " PERM" : "")
            : "<incomplete>";
        return $"? ({entry.Address}) at {hardware} on {entry.Device}\n";
    }

    /// <summary>The command line of `arp`: short letters may stand together.</summary>
    private sealed class ArpOptions
    {
        public bool Bsd { get; private set; }

        public bool Verbose { get; private set; }

        public bool Version { get; private set; }

        public string? Device { get; private set; }

        public string? Host { get; private set; }

        public static ArpOptions Parse(IReadOnlyList<string> args)
        {
            var options = new ArpOptions();
            for (int i = 0; i < args.Count; i++)
            {
                string word = args[i];
                if (word.StartsWith("--", StringComparison.Ordinal))
                    options.TakeLong(word);
                else if (word.StartsWith('-') && word.Length > 1)
                    options.TakeShort(word, args, ref i);
                else
                    options.Host = word;
            }

            return options;
        }

        private void TakeShort(string word, IReadOnlyList<string> args, ref int index)
        {
            for (int i = 1; i < word.Length; i++)
            {
                switch (word[i])
                {
                    case 'a':
                        Bsd = true;
                        break;
                    case 'e':
                        Bsd = false;
                        break;
                    case 'n':
                        break;
                    case 'v':
                        Verbose = true;
                        break;
                    case 'V':
                        Version = true;
                        break;
                    case 'i' when i + 1 < word.Length:
                        Device = word[(i + 1)..];
                        return;
                    case 'i' when index + 1 < args.Count:
                        Device = args[++index];
                        return;
                    case 'd' or 's' or 'f' or 'D' or 'H' or 't' or 'A' or 'p':
                        throw ArgumentReader.NotEmulated("arp -" + word[i]);
                    default:
                        throw new ToolFailure(3, (word[i] == 'i' ? "arp: option requires an argument -- 'i'" : $"arp: invalid option -- '{word[i]}'") + "\n" + Usage);
                }
            }
        }

        private void TakeLong(string word)
        {
            switch (word)
            {
                case "--all":
                    Bsd = true;
                    break;
                case "--numeric":
                    break;
                case "--verbose":
                    Verbose = true;
                    break;
                case "--version":
                    Version = true;
                    break;
                default:
                    throw new ToolFailure(3, $"arp: unrecognized option '{word}'\n" + Usage);
            }
        }
    }
}
