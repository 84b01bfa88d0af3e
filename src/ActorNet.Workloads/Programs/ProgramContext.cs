using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Workloads.Programs;

/// <summary>What a program is given: its streams, the door to its namespace's sockets, time and names.</summary>
public sealed class ProgramContext
{
    /// <summary>Standard input.</summary>
    public TextReader Stdin { get; init; } = TextReader.Null;

    /// <summary>Standard output.</summary>
    public required TextWriter Stdout { get; init; }

    /// <summary>Standard error.</summary>
    public required TextWriter Stderr { get; init; }

    /// <summary>The sockets of the namespace.</summary>
    public required INamespaceExecutor Namespace { get; init; }

    /// <summary>Time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The host name: a pod's name.</summary>
    public required string HostName { get; init; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>/etc/hosts: names and addresses.</summary>
    public IReadOnlyDictionary<string, Ipv4Address> Hosts { get; init; } = new Dictionary<string, Ipv4Address>();

    /// <summary>Names of the namespace's devices: what SO_BINDTODEVICE accepts.</summary>
    public IReadOnlyCollection<string> Devices { get; init; } = [];

    /// <summary>SIGTERM or SIGINT.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Finds a host's address: four octets, or a name of <see cref="Hosts"/>.</summary>
    /// <param name="host">Address or name.</param>
    /// <param name="address">The address.</param>
    public bool TryResolve(string host, out Ipv4Address address) =>
        Ipv4Address.TryParse(host, out address) || Hosts.TryGetValue(host, out address);

    /// <summary>Waits until the program is cancelled.</summary>
    public async Task WaitForCancellationAsync()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration cancelled = Cancellation.Register(() => stopped.TrySetResult());
        using CancellationTokenRegistration closed = Namespace.Closed.Register(() => stopped.TrySetResult());
        await stopped.Task.ConfigureAwait(false);
    }
}
