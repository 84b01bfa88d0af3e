using System.CommandLine;
using ActorNet.Cli.Host;
using ActorNet.Cluster.Certificates;
using ActorNet.Kubernetes.Bootstrap;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet join HOST`: a further host of a cluster, the first time with a token, and again with its state directory.</summary>
internal sealed class JoinCommand
{
    private readonly Argument<string?> _host = new("HOST")
    {
        Description = $"A host of the cluster, HOST or HOST:PORT: with --token where its API is (port {HostOptions.DefaultApiPort}), with plain control links where those are (port {HostOptions.DefaultControlPort}). Not needed when the state directory is of the cluster already",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _token = new("--token") { Description = "What `actornet node --init` and `actornet token create` print: six letters and digits, a dot, sixteen. Example: --token abcdef.0123456789abcdef", HelpName = "TOKEN" };
    private readonly Option<string?> _hash = new("--ca-hash") { Description = "The hash of the cluster's authority, printed with the token: the host that is joined has to show it before the token is told", HelpName = "sha256:HEX" };
    private readonly HostOptionSet _options = new();

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var join = new JoinCommand();
        var command = new Command("join", "Run a further host: actornet join 192.168.56.11 --token TOKEN --ca-hash sha256:HEX --name n2 --address 192.168.56.12") { join._host };
        command.Options.Add(join._token);
        command.Options.Add(join._hash);
        join._options.AddTo(command);
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () => await HostProcess.RunAsync(await join.ReadAsync(result, ct).ConfigureAwait(false), ct).ConfigureAwait(false)));
        return command;
    }

    private async Task<HostOptions> ReadAsync(ParseResult result, CancellationToken ct)
    {
        string? host = result.GetValue(_host), token = result.GetValue(_token), hash = result.GetValue(_hash);
        string state = _options.StateDirectoryOf(result);
        // A host whose certificate is gone knows its cluster and needs a token all the same.
        if (ClusterRecord.Load(state) is { } known && (token is null || File.Exists(new CertificateFiles(state).PathOf("host.crt"))))
        {
            if (hash is not null && hash != known.AuthorityHash)
                throw new UsageException($"--state-dir {state} is of the cluster {known.AuthorityHash}, and --ca-hash {hash} was given. Give another --state-dir, or remove that one if its cluster is gone.");
            return _options.Read(result, init: false, join: null, known);
        }

        if (token is null && hash is null)
        {
            if (host is null)
                throw new UsageException($"{state} is of no cluster yet: give the line that `actornet token create --print-join-command` prints on a host of the cluster.");
            HostOptions plain = _options.Read(result, init: false, host);
            return plain.ControlTls
                ? throw new UsageException($"--token and --ca-hash are missing: a host that is in no cluster yet needs both. `actornet token create --print-join-command` on a host of the cluster prints the whole line. A cluster whose control links are plain wants --control-links plain.")
                : plain;
        }

        if (!BootstrapToken.TryParse(token, out BootstrapToken shown))
            throw new UsageException($"--token {token ?? "(missing)"}: six small letters and digits, a dot and sixteen were expected, as abcdef.0123456789abcdef.");
        if (!AuthorityHash.TryParse(hash, out AuthorityHash authority))
            throw new UsageException($"--ca-hash {hash ?? "(missing)"}: sha256: and 64 hexadecimal digits were expected. Without it nobody could tell the cluster from somebody who pretends to be it.");
        Uri server = HostJoin.Server(host ?? throw new UsageException("HOST is missing: the address of a host of the cluster, as 192.168.56.11."));
        HostPreset preset = HostJoin.Preset(server);
        HostOptions asked = _options.Read(result, init: false, join: null, null, preset);
        ClusterRecord joined = await HostJoin.RunAsync(asked, server, shown, authority, TimeProvider.System, ct).ConfigureAwait(false);
        return _options.Read(result, init: false, join: null, joined);
    }
}
