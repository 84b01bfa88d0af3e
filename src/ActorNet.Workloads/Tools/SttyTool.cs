using System.Globalization;
using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Tools;

/// <summary>stty [-a] [SETTING]...: what it knows of a terminal's flags and window.</summary>
internal sealed class SttyTool : Tool
{
    protected override string Name => "stty";

    protected override string Usage => "stty [-a] [SETTING]...";

    // -echo is a setting, not a row of options.
    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (run.Context.Terminal is not { } terminal || run.Context.Input != terminal.Input)
            throw Fail("standard input: Inappropriate ioctl for device");
        if (options.Words.Count == 0 || options.Words is ["-a"])
            await run.Out.WriteTextAsync(Describe(terminal, options.Words.Count > 0)).ConfigureAwait(false);
        for (int i = 0; i < options.Words.Count; i++)
        {
            switch (options.Words[i])
            {
                case "-a":
                    break;
                case "size":
                    await run.Out.WriteTextAsync($"{terminal.Size.Rows} {terminal.Size.Columns}\n").ConfigureAwait(false);
                    break;
                case "rows":
                    terminal.Size = terminal.Size with { Rows = Argument(options, ref i) };
                    break;
                case "cols" or "columns":
                    terminal.Size = terminal.Size with { Columns = Argument(options, ref i) };
                    break;
                default:
                    terminal.Mode = Change(terminal.Mode, options.Words[i]);
                    break;
            }
        }

        return 0;
    }

    private TerminalMode Change(TerminalMode mode, string setting) => setting switch
    {
        "echo" => mode with { HasEcho = true },
        "-echo" => mode with { HasEcho = false },
        "icanon" => mode with { IsCanonical = true },
        "-icanon" => mode with { IsCanonical = false },
        "isig" => mode with { HasSignals = true },
        "-isig" => mode with { HasSignals = false },
        "icrnl" => mode with { MapsReturn = true },
        "-icrnl" => mode with { MapsReturn = false },
        "onlcr" or "opost" => mode with { MapsNewline = true },
        "-onlcr" or "-opost" => mode with { MapsNewline = false },
        "raw" or "-cooked" => TerminalMode.Raw with { HasEcho = mode.HasEcho },
        "-raw" or "cooked" => new TerminalMode(HasEcho: mode.HasEcho),
        "sane" => new TerminalMode(),
        _ => throw Fail($"invalid argument '{setting}'"),
    };

    private int Argument(ToolOptions options, ref int index)
    {
        if (index + 1 == options.Words.Count)
            throw Fail($"missing argument to '{options.Words[index]}'");
        string text = options.Words[++index];
        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) ? number : throw Fail($"invalid number '{text}'");
    }

    private static string Describe(Terminal terminal, bool isWhole)
    {
        TerminalMode mode = terminal.Mode;
        string window = isWhole ? $" rows {terminal.Size.Rows}; columns {terminal.Size.Columns};" : "";
        return $"speed 38400 baud;{window}\n"
            + (isWhole || mode != new TerminalMode() ? $"{Flag("icanon", mode.IsCanonical)} {Flag("echo", mode.HasEcho)} {Flag("isig", mode.HasSignals)} {Flag("icrnl", mode.MapsReturn)} {Flag("onlcr", mode.MapsNewline)}\n" : "");
    }

    private static string Flag(string name, bool isOn) => isOn ? name : "-" + name;
}
