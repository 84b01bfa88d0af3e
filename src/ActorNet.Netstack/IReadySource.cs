namespace ActorNet.Netstack;

/// <summary>A socket whose user is called from <see cref="SocketLayer.Poll"/>, once however often something happened to it.</summary>
internal interface IReadySource
{
    /// <summary>Whether it waits to be called.</summary>
    bool IsSignalled { get; set; }

    /// <summary>What to call; null when nobody wants to hear.</summary>
    Action? Callback { get; }
}
