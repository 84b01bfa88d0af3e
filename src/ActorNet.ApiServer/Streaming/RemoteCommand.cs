using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Runs a command for a client that speaks one of the remote command protocols.</summary>
internal static class RemoteCommand
{
    /// <summary>Upgrades the connection, runs the command to its end and says how it ended.</summary>
    /// <param name="context">The request.</param>
    /// <param name="process">The command.</param>
    /// <param name="options">Which streams the client wants.</param>
    /// <param name="session">The stream.</param>
    /// <exception cref="ApiException">The client asks for no upgrade, or for no protocol that there is.</exception>
    public static async Task RunAsync(HttpContext context, IContainerProcess process, CommandOptions options, StreamSession session)
    {
        ICommandChannels channels;
        try
        {
            channels = await AcceptAsync(context, process, options, session).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.Response.HasStarted)
        {
            // It upgraded and went, or did not open its streams in time: there is nobody to tell.
            return;
        }

        await using (channels.ConfigureAwait(false))
        {
            int exit;
            try
            {
                exit = await process.RunAsync(channels.Stdin, channels.Stdout, channels.Stderr, channels.Gone).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (channels.Gone.IsCancellationRequested)
            {
                session.NoteDeserted();
                return;
            }
            catch (ApiException failure)
            {
                await channels.FinishAsync(CommandStatus.Failed(failure.Message)).ConfigureAwait(false);
                return;
            }

            if (channels.Gone.IsCancellationRequested)
                session.NoteDeserted();
            await channels.FinishAsync(CommandStatus.Ended(exit)).ConfigureAwait(false);
        }
    }

    private static Task<ICommandChannels> AcceptAsync(HttpContext context, IContainerProcess process, CommandOptions options, StreamSession session)
    {
        if (WebSocketUpgrade.IsAsked(context.Request))
            return WebSocketChannels.AcceptAsync(context, options, process.Resize, session);
        return SpdyUpgrade.IsAsked(context.Request)
            ? SpdyCommandStreams.AcceptAsync(context, options, process.Resize, session)
            : throw ApiErrors.BadRequest("Upgrade request required");
    }
}

/// <summary>The streams of a command as a protocol carries them.</summary>
internal interface ICommandChannels : IAsyncDisposable
{
    /// <summary>What the client sends; ends with its half close or its going.</summary>
    Stream Stdin { get; }

    /// <summary>To the client; waits while it does not read.</summary>
    Stream Stdout { get; }

    /// <summary>To the client; swallows what it did not ask for.</summary>
    Stream Stderr { get; }

    /// <summary>Cancelled when the client is gone.</summary>
    CancellationToken Gone { get; }

    /// <summary>Says how the command ended and closes.</summary>
    /// <param name="status">How.</param>
    Task FinishAsync(CommandStatus status);
}
