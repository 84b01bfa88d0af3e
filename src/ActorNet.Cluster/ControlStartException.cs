namespace ActorNet.Cluster;

/// <summary>Why a control system did not start.</summary>
public enum ControlStartError
{
    /// <summary>An option has a value that cannot work.</summary>
    BadOption,

    /// <summary>Another process listens on the port.</summary>
    PortTaken,

    /// <summary>No interface of this machine has the bind address.</summary>
    AddressUnavailable,

    /// <summary>No seed answered in time.</summary>
    SeedUnreachable,

    /// <summary>A seed answered, but it belongs to no cluster yet.</summary>
    SeedNotInCluster,

    /// <summary>A seed belongs to a cluster of another name.</summary>
    ClusterNameMismatch,

    /// <summary>A seed speaks another version of the control protocol.</summary>
    VersionMismatch,

    /// <summary>Another live member has this host's name.</summary>
    HostNameTaken,

    /// <summary>The cluster was reached but did not admit this host in time.</summary>
    NotAdmitted,

    /// <summary>The listener could not be opened for another reason.</summary>
    ListenFailed,
}

/// <summary>A control system did not start; the message says what was found, what was expected and what to do.</summary>
public sealed class ControlStartException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="error">The cause.</param>
    /// <param name="message">For the user.</param>
    /// <param name="inner">What the system said.</param>
    public ControlStartException(ControlStartError error, string message, Exception? inner = null) : base(message, inner) => Error = error;

    /// <summary>The cause.</summary>
    public ControlStartError Error { get; }
}
