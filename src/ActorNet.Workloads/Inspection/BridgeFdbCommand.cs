using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`bridge fdb` (iproute2 bridge/fdb.c).</summary>
internal static class BridgeFdbCommand
{
    private const int Failure = 255;

    public static Task<int> RunAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.TryNext(out string word))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        EntryOperation? operation = ArgumentReader.Matches(word, "add") ? EntryOperation.Add
            : ArgumentReader.Matches(word, "append") ? EntryOperation.Append
            : ArgumentReader.Matches(word, "replace") ? EntryOperation.Replace
            : ArgumentReader.Matches(word, "delete") ? EntryOperation.Delete
            : null;
        if (operation is { } change)
            return ModifyAsync(change, control, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "get", "flush"))
            throw ArgumentReader.NotEmulated("bridge fdb " + word);
        if (ArgumentReader.MatchesAny(word, "show", "lst", "list"))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        throw ArgumentReader.Matches(word, "help") ? Usage() : ArgumentReader.UnknownCommand(word, "bridge fdb help");
    }

    private static ToolFailure Usage() => new(Failure,
        "Usage: bridge fdb { add | append | del | replace } ADDR dev DEV [ self ] [ master ] [ local | static | dynamic ]\n" +
        "              [ dst IPADDR ] [ port PORT ] [ vni VNI ] [ via DEV ]\n" +
        "       bridge fdb [ show [ br BRDEV ] [ brport DEV ] [ state STATE ] [ dynamic ] ]");

    private static async Task<int> ShowAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        string? device = null;
        string? bridge = null;
        bool dynamicOnly = false;
        HashSet<FdbEntryState>? states = null;
        while (reader.TryNext(out string word))
        {
            switch (word)
            {
                case "dev" or "brport":
                    device = reader.Value();
                    break;
                case "br":
                    bridge = reader.Value();
                    break;
                case "vlan":
                    throw ArgumentReader.NotEmulated("bridge fdb show vlan");
                case "state":
                    (states ??= []).UnionWith(ParseStates(reader.Value()));
                    break;
                case "dynamic":
                    dynamicOnly = true;
                    break;
                default:
                    if (ArgumentReader.Matches(word, "help"))
                        throw Usage();
                    break;
            }
        }

        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (bridge is not null && view.FindLink(bridge) is null)
            throw new ToolFailure(Failure, $"Cannot find bridge device \"{bridge}\"");
        if (device is not null && view.FindLink(device) is null)
            throw new ToolFailure(Failure, $"Cannot find device \"{device}\"");
        foreach (FdbEntryView entry in view.Fdb)
        {
            if ((device is null || entry.Device == device)
                && (bridge is null || entry.Device == bridge || view.FindLink(entry.Device)?.Master == bridge)
                && (states is null || states.Contains(entry.State))
                && (!dynamicOnly || entry.State != FdbEntryState.Permanent))
                Write(outcome.Out, entry, device is null, options);
        }

        return 0;
    }

    private static FdbEntryState[] ParseStates(string word)
    {
        if (word == "all")
            return Enum.GetValues<FdbEntryState>();
        if (ArgumentReader.Matches(word, "permanent"))
            return [FdbEntryState.Permanent];
        if (ArgumentReader.MatchesAny(word, "static", "temp"))
            return [FdbEntryState.Static];
        if (ArgumentReader.Matches(word, "stale"))
            return [FdbEntryState.Stale];
        return ArgumentReader.MatchesAny(word, "reachable", "dynamic") ? [FdbEntryState.Learned] : throw ArgumentReader.Wrong(word, "invalid state\n");
    }

    private static void Write(StringBuilder text, FdbEntryView entry, bool withDevice, IpOptions options)
    {
        text.Append(entry.Mac).Append(' ');
        if (withDevice)
            text.Append("dev ").Append(entry.Device).Append(' ');
        if (entry.Destination is { } destination)
            text.Append("dst ").Append(destination).Append(' ');
        if (entry.Port is int port)
            text.Append(CultureInfo.InvariantCulture, $"port {port} ");
        if (entry.Vni is int vni)
            text.Append(CultureInfo.InvariantCulture, $"vni {vni} ");
        if (entry.Via is not null)
            text.Append("via ").Append(entry.Via).Append(' ');
        if (options.Statistics > 0 && entry.Used is { } used)
            text.Append(CultureInfo.InvariantCulture, $"used {(long)used.TotalSeconds}/{(long)(entry.Updated ?? used).TotalSeconds} ");
        if (entry.Self)
            text.Append("self ");
        if (entry.Master is not null)
            text.Append("master ").Append(entry.Master).Append(' ');
        text.Append(entry.State switch
        {
            FdbEntryState.Permanent => "permanent",
            FdbEntryState.Static => "static",
            FdbEntryState.Stale => "stale",
            _ => "",
        }).Append('\n');
    }

    private static async Task<int> ModifyAsync(EntryOperation operation, INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        FdbRequest request = FdbRequest.Parse(reader);
        if (request.Help)
            throw Usage();
        if (request.Device is not { } device || request.Address is not { } address)
            throw new ToolFailure(Failure, "Device and address are required arguments.");
        if (!MacAddress.TryParse(address, out MacAddress mac))
            throw new ToolFailure(Failure, $"Invalid mac address {address}");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (view.FindLink(device) is not { } link)
            throw new ToolFailure(Failure, $"Cannot find device \"{device}\"");
        if (request.Via is { } via && view.FindLink(via) is null)
            throw ArgumentReader.Wrong(via, "invalid device\n");

        // On a port `master` means the bridge's table; `self`, the default, means the device's own, and a bridge's own is the same table
        // (linux net/core/rtnetlink.c rtnl_fdb_add).
        if (request.Master && link.Master is null)
            return outcome.Report(ControlResult.NotSupported, Failure);
        bool self = request.Self || !request.Master;
        var entry = new FdbEntryView
        {
            Mac = mac,
            Device = device,
            Destination = request.Destination,
            Port = request.Port,
            Vni = request.Vni,
            Via = request.Via,
            Self = self && link.Bridge is null,
            Master = request.Master ? link.Master : self && link.Bridge is not null ? link.Name : null,
            State = request.State,
        };
        return outcome.Report(await control.ApplyAsync(new ChangeFdbEntry(operation, entry), cancellationToken).ConfigureAwait(false), Failure);
    }

    /// <summary>The words of `bridge fdb add` and its sisters.</summary>
    private sealed class FdbRequest
    {
        public string? Device { get; private set; }

        public string? Address { get; private set; }

        public Ipv4Address? Destination { get; private set; }

        public int? Port { get; private set; }

        public int? Vni { get; private set; }

        public string? Via { get; private set; }

        public bool Self { get; private set; }

        public bool Master { get; private set; }

        public bool Help { get; private set; }

        public FdbEntryState State { get; private set; } = FdbEntryState.Permanent;

        public static FdbRequest Parse(ArgumentReader reader)
        {
            var request = new FdbRequest();
            while (reader.TryNext(out string word))
                request.Take(word, reader);
            return request;
        }

        private void Take(string word, ArgumentReader reader)
        {
            if (word == "dev")
                Device = reader.Value();
            else if (word == "dst")
                Destination = ArgumentReader.Address(reader.Value());
            else if (word == "port")
                Port = Bounded(reader, 0xFFFF, "invalid port\n");
            else if (word == "vni")
                Vni = Bounded(reader, 0xFF_FFFF, "invalid VNI\n");
            else if (word == "via")
                Via = reader.Value();
            else if (word == "self")
                Self = true;
            else if (ArgumentReader.Matches(word, "master"))
                Master = true;
            else if (ArgumentReader.MatchesAny(word, "local", "permanent"))
                State = FdbEntryState.Permanent;
            else if (ArgumentReader.MatchesAny(word, "temp", "static"))
                State = FdbEntryState.Static;
            else if (ArgumentReader.Matches(word, "dynamic"))
                State = FdbEntryState.Learned;
            else if (ArgumentReader.MatchesAny(word, "router", "vlan", "src_vni", "use", "extern_learn", "sticky", "nhid"))
                throw ArgumentReader.NotEmulated("bridge fdb ... " + word);
            else if (ArgumentReader.Matches(word, "help"))
                Help = true;
            else
            {
                string address = word == "to" ? reader.Value() : word;
                Address = Address is null ? address : throw ArgumentReader.Duplicate("to", address);
            }
        }

        private static int Bounded(ArgumentReader reader, int greatest, string why)
        {
            string word = reader.Value();
            return ArgumentReader.TryNumber(word, out int number) && number <= greatest ? number : throw ArgumentReader.Wrong(word, why);
        }
    }
}
