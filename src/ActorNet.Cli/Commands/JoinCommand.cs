using System.CommandLine;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet join HOST`: a further host of a cluster.</summary>
internal static class JoinCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var host = new Argument<string>("HOST") { Description = $"Control address of a host of the cluster, HOST or HOST:PORT; the port is {HostOptions.DefaultControlPort} when not given" };
        var options = new HostOptionSet();
        var command = new Command("join", "Run a further host: actornet join 192.168.56.11 --name n2 --address 192.168.56.12") { host };
        options.AddTo(command);
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() => HostProcess.RunAsync(options.Read(result, result.GetValue(host)!), ct)));
        return command;
    }
}
