using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netfilter;

/// <summary>
/// `iptables` 1.8.9 of the nf_tables variant: -A, -C, -D, -I, -R, -L, -S, -F, -Z, -N, -X, -P, -E with -t, -v, -n, -x, --line-numbers and -w. What a
/// rule may say is what iptables-restore reads.
/// </summary>
public sealed class IptablesProgram : IProgram
{
    private const string Hint = "Try `iptables -h' or 'iptables --help' for more information.\n";

    // Short options that take nothing, and so may stand together: -nvL.
    private const string Flags = "nvxLSFZX4";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        var line = new CommandLine();
        string? refusal = line.Read(args);
        if (refusal is not null)
        {
            await context.Stderr.WriteAsync($"iptables v1.8.9 (nf_tables): {refusal}\n{Hint}").ConfigureAwait(false);
            return 2;
        }

        if (line.ShowsVersion)
        {
            await context.Stdout.WriteAsync("iptables v1.8.9 (nf_tables)\n").ConfigureAwait(false);
            return 0;
        }

        return await NetfilterTools.RunAsync(context, "iptables", line.Request).ConfigureAwait(false);
    }

    private sealed class CommandLine
    {
        private readonly List<string> _rest = [];
        private string _table = "filter";
        private string? _command;
        private bool _verbose;
        private bool _numeric;
        private bool _exact;
        private bool _numbers;

        public bool ShowsVersion { get; private set; }

        public NetfilterRequest Request => _command switch
        {
            "-L" or "-S" => new ListRules(_table, _rest.FirstOrDefault(), new RuleListing(_command == "-S", _verbose, _numeric, _numbers, _exact)),
            _ => new ChangeRules(_table, [_command!, .. _rest]),
        };

        public string? Read(IReadOnlyList<string> args)
        {
            List<string> words = [.. args.SelectMany(Apart)];
            for (int i = 0; i < words.Count; i++)
            {
                string word = words[i];
                switch (word)
                {
                    case "-t" or "--table":
                        if (++i == words.Count)
                            return $"option \"{word}\" requires an argument";
                        _table = words[i];
                        break;
                    case "-w" or "--wait" or "-W" or "--wait-interval":
                        if (i + 1 < words.Count && int.TryParse(words[i + 1], out _))
                            i++;
                        break;
                    case "-v" or "--verbose":
                        _verbose = true;
                        break;
                    case "-n" or "--numeric":
                        _numeric = true;
                        break;
                    case "-x" or "--exact":
                        _exact = true;
                        break;
                    case "--line-numbers" or "--line-number":
                        _numbers = true;
                        break;
                    case "-4" or "--ipv4":
                        break;
                    case "-V" or "--version":
                        ShowsVersion = true;
                        return null;
                    default:
                        if (CommandOf(word) is { } command)
                        {
                            if (_command is not null)
                                return $"Cannot use {command} with {_command}\n";
                            _command = command;
                        }
                        else
                        {
                            _rest.Add(word);
                        }

                        break;
                }
            }

            if (_command is null)
                return "no command specified";
            return _command is "-L" or "-S" && _rest.Count > 1 ? $"Bad argument `{_rest[1]}'" : null;
        }

        private static IEnumerable<string> Apart(string word) =>
            word.Length > 2 && word[0] == '-' && word[1] != '-' && word.Skip(1).All(Flags.Contains) ? word.Skip(1).Select(static c => "-" + c) : [word];

        private static string? CommandOf(string word) => word switch
        {
            "-A" or "--append" => "-A",
            "-C" or "--check" => "-C",
            "-D" or "--delete" => "-D",
            "-I" or "--insert" => "-I",
            "-R" or "--replace" => "-R",
            "-L" or "--list" => "-L",
            "-S" or "--list-rules" => "-S",
            "-F" or "--flush" => "-F",
            "-Z" or "--zero" => "-Z",
            "-N" or "--new-chain" or "--new" => "-N",
            "-X" or "--delete-chain" => "-X",
            "-P" or "--policy" => "-P",
            "-E" or "--rename-chain" => "-E",
            _ => null,
        };
    }
}
