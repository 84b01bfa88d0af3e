using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Node;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>A pod of an <see cref="EmulatedHost"/>: its programs by command line, and its sockets through the door that programs use.</summary>
/// <param name="address">The address of its eth0.</param>
/// <param name="ns">Its namespace.</param>
public sealed class EmulatedPod(string address, NodeNamespace ns) : INamespaceExecutor
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The address of its eth0.</summary>
    public string Address => address;

    /// <summary>The same as a value.</summary>
    public Ipv4Address Ip => Ipv4Address.Parse(address);

    /// <inheritdoc/>
    public CancellationToken Closed => CancellationToken.None;

    /// <inheritdoc/>
    public void Post(Action<SocketLayer> work) => _ = ns.RunAsync(sockets =>
    {
        work(sockets);
        return true;
    });

    /// <summary>Runs a command in the pod and returns its result, whatever the exit code.</summary>
    public Task<CommandResult> TryExecAsync(params string[] command) => TryExecAsync(command, DefaultTimeout);

    /// <summary>As <see cref="TryExecAsync(string[])"/>, with a bound on the time, after which it is interrupted.</summary>
    public async Task<CommandResult> TryExecAsync(string[] command, TimeSpan timeout, CancellationToken interrupt = default)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(interrupt);
        bound.CancelAfter(timeout);
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        int code = await ns.RunAsync(command, TextReader.Null, output, error, bound.Token);
        return new CommandResult(string.Join(' ', command), code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a script in the pod's shell; it must succeed.</summary>
    public async Task<string> ShellAsync(string script, TimeSpan? timeout = null) =>
        (await TryExecAsync(["sh", "-c", script], timeout ?? DefaultTimeout)).EnsureSuccess().Output;
}
