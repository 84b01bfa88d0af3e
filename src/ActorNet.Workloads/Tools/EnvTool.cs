using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>env [-i] [-u NAME] [NAME=VALUE...] [PROGRAM ARGUMENT...]</summary>
internal sealed class EnvTool(ProgramTable programs) : Tool
{
    protected override string Name => "env";

    protected override string Usage => "env [-iu] [-] [name=value]... [PROG ARGS]";

    protected override string Options => "+iu:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        ProgramContext context = run.Context;
        var environment = new Dictionary<string, string>(options.Has('i') ? [] : context.Environment, StringComparer.Ordinal);
        foreach (string name in options.Values('u'))
            environment.Remove(name);
        int at = 0;
        for (; at < options.Words.Count && options.Words[at].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals; at++)
            environment[options.Words[at][..equals]] = options.Words[at][(equals + 1)..];
        if (at == options.Words.Count)
        {
            foreach ((string name, string value) in environment)
                await run.Out.WriteTextAsync($"{name}={value}\n").ConfigureAwait(false);
            return 0;
        }

        ProgramContext child = context.ForChild(context.Input, context.Output, context.Error, environment, context.WorkingDirectory, null, context.Cancellation);
        if (!ProgramSearch.TryPrepare(child, options.Words[at..], out IReadOnlyList<string> command, out FileException? refusal))
            throw Fail($"can't execute '{options.Words[at]}': {refusal.Message}", ProgramSearch.RefusalCode(refusal));
        return await programs.RunAsync(child, command).ConfigureAwait(false);
    }
}
