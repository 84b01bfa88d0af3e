namespace ActorNet.Dataplane.Inspection;

/// <summary>What became of a change.</summary>
/// <param name="ExitCode">0, or the real tool's exit code: 2 when the kernel refuses.</param>
/// <param name="Error">The line for standard error without its end, as `RTNETLINK answers: File exists`; empty on success.</param>
public sealed record ControlResult(int ExitCode, string Error)
{
    /// <summary>Done.</summary>
    public static readonly ControlResult Ok = new(0, "");

    /// <summary>EEXIST: the entry is there already.</summary>
    public static readonly ControlResult FileExists = Refused("File exists");

    /// <summary>ENOENT: the entry is not there (neighbour, FDB).</summary>
    public static readonly ControlResult NoSuchFile = Refused("No such file or directory");

    /// <summary>ESRCH: no such route.</summary>
    public static readonly ControlResult NoSuchProcess = Refused("No such process");

    /// <summary>EADDRNOTAVAIL: no such address on the device.</summary>
    public static readonly ControlResult AddressNotAvailable = Refused("Cannot assign requested address");

    /// <summary>EOPNOTSUPP: the device does not do that.</summary>
    public static readonly ControlResult NotSupported = Refused("Operation not supported");

    /// <summary>EINVAL.</summary>
    public static readonly ControlResult InvalidArgument = Refused("Invalid argument");

    /// <summary>ENETDOWN: the device is down.</summary>
    public static readonly ControlResult NetworkDown = Refused("Network is down");

    /// <summary>ENETUNREACH, with the kernel's own explanation for a gateway that is not attached.</summary>
    public static readonly ControlResult InvalidGateway = new(2, "Error: Nexthop has invalid gateway.");

    /// <summary>Whether the change was made.</summary>
    public bool IsOk => ExitCode == 0;

    /// <summary>A refusal by the kernel, in the tools' words.</summary>
    /// <param name="reason">The text of the error number.</param>
    public static ControlResult Refused(string reason) => new(2, "RTNETLINK answers: " + reason);

    /// <summary>A refusal that the kernel explains itself (extended acknowledgement).</summary>
    /// <param name="explanation">The kernel's sentence, without its full stop.</param>
    public static ControlResult Explained(string explanation) => new(2, "Error: " + explanation + ".");
}
