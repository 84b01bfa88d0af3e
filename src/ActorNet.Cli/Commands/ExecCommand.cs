using System.CommandLine;
using ActorNet.Cli.Client;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet exec TARGET -- COMMAND`: a command inside a node's or a pod's namespace.</summary>
internal static class ExecCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var target = new Argument<string>("TARGET") { Description = "node/NAME or pod/NAME" };
        var words = new Argument<string[]>("COMMAND") { Description = "The command: ip, bridge, brctl, arp, ifconfig, ping, nc and what the image brings", Arity = ArgumentArity.OneOrMore };
        var hosts = new HostSelection();
        var stdin = new Option<bool>("-i", "--stdin") { Description = "Hand standard input on to the command" };
        var container = new Option<string?>("-c", "--container") { Description = "A container of the pod. Example: -c web. Default: the first; all share the pod's namespace", HelpName = "NAME" };
        var command = new Command("exec", "Run a command in a namespace: actornet exec pod/client -- ping -c 3 10.244.1.2") { target, words, hosts.StateDirectory, hosts.Lab, stdin, container };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            string where = result.GetValue(target)!;
            if (!where.StartsWith("node/", StringComparison.Ordinal) && !where.StartsWith("pod/", StringComparison.Ordinal))
                throw new UsageException($"target {where}: neither node/NAME nor pod/NAME. Example: actornet exec node/n1 -- ip route");
            if (result.GetValue(container) is { } named && where.StartsWith("node/", StringComparison.Ordinal))
                throw new UsageException($"-c {named}: {where} is a node, and only pods have containers. Leave -c out, or name a pod.");
            string? input = result.GetValue(stdin) ? await Console.In.ReadToEndAsync(ct).ConfigureAwait(false) : null;
            var request = new ExecRequest(where, result.GetValue(words)!, input, result.GetValue(container));
            return await OnOwnerAsync(hosts.DirectoryOf(result), where, host => host.ExecAsync(request, Console.Out, Console.Error, ct)).ConfigureAwait(false);
        }));
        return command;
    }

    /// <summary>Asks each host of a lab until one has the object.</summary>
    /// <typeparam name="T">Answer.</typeparam>
    /// <param name="stateDirectory">--state-dir.</param>
    /// <param name="what">The object, for the error.</param>
    /// <param name="ask">The question.</param>
    public static async Task<T> OnOwnerAsync<T>(string stateDirectory, string what, Func<HostClient, Task<T>> ask)
    {
        IReadOnlyList<HostClient> hosts = HostClient.Find(stateDirectory);
        try
        {
            var answers = new List<string>();
            foreach (HostClient host in hosts)
            {
                try
                {
                    return await ask(host).ConfigureAwait(false);
                }
                catch (NotHereException e)
                {
                    answers.Add(e.Message);
                }
            }

            throw new UsageException($"{what}: not found. {string.Join(" ", answers)} A command is given on the machine whose host runs the target; kubectl reaches all of them.");
        }
        finally
        {
            foreach (HostClient host in hosts)
                host.Dispose();
        }
    }
}
