namespace ActorNet.Workloads.Programs;

/// <summary>A container could not be started. The message is what a container runtime says of it (containerd's and runc's words around the cause).</summary>
public sealed class ContainerStartException : Exception
{
    private const string Around = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";

    /// <summary>Makes the exception.</summary>
    /// <param name="cause">What runc says of the cause.</param>
    public ContainerStartException(string cause)
        : base($"{Around}{cause}: unknown")
    {
    }

    /// <summary>Makes the exception with what led to it.</summary>
    /// <param name="cause">What runc says of the cause.</param>
    /// <param name="inner">The exception behind it.</param>
    public ContainerStartException(string cause, Exception inner)
        : base($"{Around}{cause}: unknown", inner)
    {
    }

    /// <summary>Makes the exception for no known cause.</summary>
    public ContainerStartException()
        : this("error during container init")
    {
    }
}
