using System.CommandLine;
using System.Text;
using ActorNet.Cli.Client;
using ActorNet.Cli.Lab;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Packets;

namespace ActorNet.Cli.Commands;

/// <summary>The options of the commands that make and end labs, and the checks that need no process.</summary>
internal sealed class LabOptionSet
{
    // Each host is a process with an API server's worth of memory.
    private const int MaxNodes = 32;
    private const int MaxSocketPath = 107;

    private readonly Option<string> _name = new("--name") { Description = "The lab's name, a DNS label", DefaultValueFactory = _ => LabDirectory.DefaultName, HelpName = "LAB" };
    private readonly Option<string> _stateDir = new("--state-dir") { Description = "Directory that holds the lab's directory. Default: ~/.actornet", DefaultValueFactory = _ => RootCommandFactory.DefaultStateDirectory, HelpName = "DIR" };
    private readonly Option<int> _nodes = new("--nodes") { Description = $"How many host processes, 1 to {MaxNodes}", DefaultValueFactory = _ => 3, HelpName = "N" };
    private readonly Option<string> _address = new("--address") { Description = "Loopback address of the first host; the others have those that follow. A second lab needs its own. Example: --address 127.0.20.1", DefaultValueFactory = _ => LabAddress.DefaultFirst, HelpName = "IP" };

    private readonly Option<string?> _store = new("--store") { Description = $"Where the API's objects are: embedded (on the hosts' disks), memory, or etcd=URL, as etcd=http://127.0.0.1:2379. Default: {Host.HostOptions.DefaultStore}", HelpName = "KIND" };

    private readonly Option<string?> _logFormat = HostOptionSet.NewLogFormat();
    private readonly Option<string?> _otlp = HostOptionSet.NewOtlp();

    /// <summary>Adds the options that say which lab.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        command.Options.Add(_name);
        command.Options.Add(_stateDir);
    }

    /// <summary>Adds also those that say what a new lab is made of.</summary>
    /// <param name="command">The command.</param>
    public void AddAllTo(Command command)
    {
        command.Options.Add(_nodes);
        AddTo(command);
        command.Options.Add(_address);
        command.Options.Add(_store);
        command.Options.Add(_logFormat);
        command.Options.Add(_otlp);
    }

    /// <summary>Which lab.</summary>
    /// <param name="result">What was parsed.</param>
    /// <exception cref="UsageException">The name cannot be.</exception>
    public LabDirectory ReadDirectory(ParseResult result)
    {
        string name = result.GetValue(_name)!;
        if (!ObjectNames.IsLabel(name))
            throw new UsageException($"--name {name}: not a DNS label. Use at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit (RFC 1123).");
        var directory = new LabDirectory(Path.GetFullPath(result.GetValue(_stateDir)!), name);
        return Encoding.UTF8.GetByteCount(directory.SocketOf($"n{MaxNodes}")) <= MaxSocketPath
            ? directory
            : throw new UsageException($"--state-dir {directory.Parent}: the local socket's path would have more than {MaxSocketPath} bytes, which a Unix socket ({HostClient.SocketName}) cannot have. Choose a shorter directory.");
    }

    /// <summary>Where the API's objects are.</summary>
    /// <param name="result">What was parsed.</param>
    /// <exception cref="UsageException">There is no such store.</exception>
    public string ReadStore(ParseResult result) => HostOptionSet.StoreOf(result.GetValue(_store) ?? Host.HostOptions.DefaultStore);

    /// <summary>The options that are passed on to every host.</summary>
    /// <param name="result">What was parsed.</param>
    /// <exception cref="UsageException">One of them cannot be.</exception>
    public IReadOnlyList<string> ReadPassed(ParseResult result)
    {
        string? format = result.GetValue(_logFormat), collector = result.GetValue(_otlp);
        return
        [
            .. format is null ? [] : new[] { _logFormat.Name, HostOptionSet.LogFormatOf(format) },
            .. collector is null ? [] : new[] { _otlp.Name, HostOptionSet.CollectorOf(collector).OriginalString },
        ];
    }

    /// <summary>How many hosts.</summary>
    /// <param name="result">What was parsed.</param>
    /// <exception cref="UsageException">Too few or too many.</exception>
    public int ReadNodes(ParseResult result)
    {
        int nodes = result.GetValue(_nodes);
        return nodes is >= 1 and <= MaxNodes ? nodes : throw new UsageException($"--nodes {nodes}: out of range, 1 to {MaxNodes} is allowed on one machine.");
    }

    /// <summary>The first host's address.</summary>
    /// <param name="result">What was parsed.</param>
    /// <exception cref="UsageException">It is none, or not of loopback, or there are not enough behind it.</exception>
    public Ipv4Address ReadAddress(ParseResult result)
    {
        string text = result.GetValue(_address)!;
        if (!Ipv4Address.TryParse(text, out Ipv4Address first) || !first.IsLoopback)
            throw new UsageException($"--address {text}: not a loopback address: a lab is on one machine. Give one such as {LabAddress.DefaultFirst}; for hosts on several machines there are `actornet node --init` and `actornet join`.");
        return (first.Value & 0xFF) + (uint)ReadNodes(result) <= 0xFF ? first : throw new UsageException($"--address {text}: {ReadNodes(result)} hosts would need addresses behind it that another network has. Give a smaller last octet.");
    }
}
