using System.CommandLine;
using System.Globalization;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cluster.Joining;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet token create|list|delete`: by what further hosts join, as `kubeadm token`.</summary>
internal static class TokenCommand
{
    private const long MostHours = 24L * 365 * 10;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("token", "Tokens by which further hosts join; kubectl shows them as Secrets bootstrap-token-ID in kube-system");
        command.Subcommands.Add(CreateCreate());
        command.Subcommands.Add(CreateList());
        command.Subcommands.Add(CreateDelete());
        return command;
    }

    private static Command CreateCreate()
    {
        var hours = new Option<double>("--ttl") { Description = $"Hours that it lives; 0: for ever. Example: --ttl 0.5", DefaultValueFactory = _ => BootstrapTokens.DefaultLifetime.TotalHours, HelpName = "HOURS" };
        var uses = new Option<int?>("--uses") { Description = "How many hosts may join with it. Default: any number", HelpName = "N" };
        var description = new Option<string>("--description") { Description = "What it is for, for people", DefaultValueFactory = _ => "", HelpName = "TEXT" };
        var line = new Option<bool>("--print-join-command") { Description = "Print the whole line that another machine joins by, instead of the token alone" };
        var hosts = new HostSelection();
        var command = new Command("create", "Make a token: actornet token create --print-join-command") { hours, uses, description, line, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            double lives = result.GetValue(hours);
            if (!(lives >= 0 && lives <= MostHours))
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--ttl {lives}: hours from 0 (for ever) to {MostHours} were expected."));
            if (result.GetValue(uses) is < 1)
                throw new UsageException($"--uses {result.GetValue(uses)}: at least 1 was expected; leave it out for any number.");
            using HostClient host = HostClient.Find(hosts.DirectoryOf(result))[0];
            var order = new TokenOrder(lives == 0 ? 0 : Math.Max(1, (long)(lives * 3600)), result.GetValue(uses), result.GetValue(description)!);
            TokenMade made = await host.PostAsync<TokenOrder, TokenMade>("actornet/v1/tokens", order, ct).ConfigureAwait(false);
            Console.WriteLine(result.GetValue(line) ? made.JoinCommand : made.Token);
            return 0;
        }));
        return command;
    }

    private static Command CreateList()
    {
        var hosts = new HostSelection();
        var command = new Command("list", "List tokens, without their secrets") { hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            using HostClient host = HostClient.Find(hosts.DirectoryOf(result))[0];
            TokenRow[] tokens = await host.GetAsync<TokenRow[]>("actornet/v1/tokens", ct).ConfigureAwait(false);
            TextTable.Write(Console.Out, ["ID", "EXPIRES", "USES-LEFT", "DESCRIPTION"], tokens.Select(static token => new[]
            {
                token.Id,
                token.IsOver ? "expired" : token.Expires is { } end ? end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "never",
                token.UsesLeft?.ToString(CultureInfo.InvariantCulture) ?? "any",
                token.Description,
            }));
            return 0;
        }));
        return command;
    }

    private static Command CreateDelete()
    {
        var id = new Argument<string>("ID") { Description = "The token's identifier, or the whole token" };
        var hosts = new HostSelection();
        var command = new Command("delete", "Delete a token: nobody joins with it any more") { id, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            using HostClient host = HostClient.Find(hosts.DirectoryOf(result))[0];
            await host.DeleteAsync<int>($"actornet/v1/tokens/{Uri.EscapeDataString(result.GetValue(id)!)}", ct).ConfigureAwait(false);
            Console.WriteLine("token deleted");
            return 0;
        }));
        return command;
    }
}
