namespace ActorNet.Workloads.Iperf;

/// <summary>Ends a test with words for the user, as iperf3 prints behind "error - ".</summary>
internal sealed class IperfException(string message) : Exception(message)
{
    /// <summary>What the message of an ended program begins with, in place of "error - ".</summary>
    public const string Interrupt = "interrupt - ";
}
