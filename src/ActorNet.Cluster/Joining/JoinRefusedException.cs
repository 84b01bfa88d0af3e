namespace ActorNet.Cluster.Joining;

/// <summary>Why a host was not let in.</summary>
public enum JoinRefusal
{
    /// <summary>What it sent is no application.</summary>
    BadRequest,

    /// <summary>It showed no token.</summary>
    NoToken,

    /// <summary>It showed a token that the cluster does not know.</summary>
    UnknownToken,

    /// <summary>Its token's time is over.</summary>
    ExpiredToken,

    /// <summary>As many hosts as may have come by its token.</summary>
    UsedToken,

    /// <summary>Its address was wrong too often, or very many hosts join at once.</summary>
    TooOften,

    /// <summary>It, or what it asks for, does not fit the cluster.</summary>
    Unfit,

    /// <summary>The host that was asked cannot let anybody in now.</summary>
    NotNow,
}

/// <summary>A host is not let in.</summary>
/// <param name="why">Why.</param>
/// <param name="message">For the user, whole sentences.</param>
public sealed class JoinRefusedException(JoinRefusal why, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public JoinRefusal Why { get; } = why;

    /// <summary>After how many seconds it may ask again; 0: nothing is said.</summary>
    public int RetryAfterSeconds { get; init; }
}
