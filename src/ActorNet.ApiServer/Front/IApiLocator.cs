namespace ActorNet.ApiServer.Front;

/// <summary>Where the API is at this moment: it moves between hosts.</summary>
public interface IApiLocator
{
    /// <summary>Looks; called for every request on the front's threads, must not block.</summary>
    ApiPlace Locate();
}

/// <summary>A place of the API.</summary>
public abstract record ApiPlace
{
    private ApiPlace()
    {
    }

    /// <summary>In this process.</summary>
    /// <param name="Front">It.</param>
    public sealed record Local(ApiFront Front) : ApiPlace;

    /// <summary>On another host.</summary>
    /// <param name="Address">Its front's base address, as https://127.0.10.1:6443.</param>
    public sealed record Remote(Uri Address) : ApiPlace;

    /// <summary>Nowhere that this host knows of: it is moving, or this host is cut off.</summary>
    /// <param name="Why">For the user, as a sentence.</param>
    public sealed record None(string Why) : ApiPlace;
}
