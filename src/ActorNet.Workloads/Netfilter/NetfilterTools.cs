using ActorNet.Dataplane.Inspection;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netfilter;

/// <summary>What the tools of netfilter share: they ask the namespace's owner, and print what it says.</summary>
internal static class NetfilterTools
{
    /// <summary>Asks, and prints the answer.</summary>
    /// <param name="context">The program.</param>
    /// <param name="name">Its name.</param>
    /// <param name="request">What it wants.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(ProgramContext context, string name, NetfilterRequest request)
    {
        NetfilterAnswer answer = await AskAsync(context, name, request).ConfigureAwait(false);
        await context.Stdout.WriteAsync(answer.Output).ConfigureAwait(false);
        await context.Stderr.WriteAsync(answer.Error).ConfigureAwait(false);
        return answer.ExitCode;
    }

    /// <summary>Asks.</summary>
    internal static Task<NetfilterAnswer> AskAsync(ProgramContext context, string name, NetfilterRequest request) => context.Control is { } control
        ? control.NetfilterAsync(request, context.Cancellation)
        : Task.FromResult(new NetfilterAnswer(1, "", $"{name}: netfilter cannot be reached: this namespace has no control\n"));
}
