namespace ActorNet.Workloads.Streams;

/// <summary>Nobody reads what was written: EPIPE. A program that does not catch it ends as SIGPIPE would end it.</summary>
public sealed class BrokenPipeException : IOException
{
    /// <summary>What a program killed by SIGPIPE leaves: 128 + 13.</summary>
    public const int ExitCode = 141;

    /// <summary>Makes the exception.</summary>
    public BrokenPipeException()
        : base("Broken pipe")
    {
    }

    /// <summary>Makes the exception with a message.</summary>
    /// <param name="message">Message.</param>
    public BrokenPipeException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with a message and a cause.</summary>
    /// <param name="message">Message.</param>
    /// <param name="inner">Cause.</param>
    public BrokenPipeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
