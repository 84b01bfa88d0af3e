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

    /// <summary>EEXIST for an address, as kernels from 6.9 on explain it.</summary>
    public static readonly ControlResult AddressAssigned = Explained("ipv4: Address already assigned");

    /// <summary>EADDRNOTAVAIL: no such address on the device, as kernels from 6.9 on explain it.</summary>
    public static readonly ControlResult AddressNotFound = Explained("ipv4: Address not found");

    /// <summary>EINVAL: an MTU below the device's least.</summary>
    public static readonly ControlResult MtuTooSmall = Explained("mtu less than device minimum");

    /// <summary>EINVAL: an MTU above the device's greatest.</summary>
    public static readonly ControlResult MtuTooBig = Explained("mtu greater than device maximum");

    /// <summary>EOPNOTSUPP: the device does not do that.</summary>
    public static readonly ControlResult NotSupported = Refused("Operation not supported");

    /// <summary>EINVAL.</summary>
    public static readonly ControlResult InvalidArgument = Refused("Invalid argument");

    /// <summary>ENETDOWN: the device is down.</summary>
    public static readonly ControlResult NetworkDown = Refused("Network is down");

    /// <summary>ENODEV: no device was named or found.</summary>
    public static readonly ControlResult NoSuchDevice = Refused("No such device");

    /// <summary>ENETUNREACH: no route.</summary>
    public static readonly ControlResult NetworkUnreachable = Refused("Network is unreachable");

    /// <summary>ENETUNREACH, with the kernel's own explanation for a gateway that is not attached.</summary>
    public static readonly ControlResult InvalidGateway = Explained("Nexthop has invalid gateway");

    /// <summary>Whether the change was made.</summary>
    public bool IsOk => ExitCode == 0;

    /// <summary>A refusal by the kernel, in the tools' words.</summary>
    /// <param name="reason">The text of the error number.</param>
    public static ControlResult Refused(string reason) => new(2, "RTNETLINK answers: " + reason);

    /// <summary>A refusal that the kernel explains itself (extended acknowledgement).</summary>
    /// <param name="explanation">The kernel's sentence, without its full stop.</param>
    public static ControlResult Explained(string explanation) => new(2, "Error: " + explanation + ".");
}
