using ActorNet.ApiServer.Front;

namespace ActorNet.Cli.Host;

/// <summary>The place of the API while no host runs it.</summary>
internal sealed class NoApiYet : IApiLocator
{
    /// <inheritdoc/>
    public ApiPlace Locate() => new ApiPlace.None("no host of this cluster runs the API server");
}
