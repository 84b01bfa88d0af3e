using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>
/// A TCP with sockets on one side and IPv4 packets on the other: what a script is run against. Every call returns at once, as on a
/// non-blocking socket; time passes only in <see cref="NextEmitted"/>.
/// </summary>
public interface ITcpStackUnderTest : IDisposable
{
    /// <summary>The stack's own address.</summary>
    Ipv4Address Address { get; }

    /// <summary>The address at the far end of its device: the script's side.</summary>
    Ipv4Address PeerAddress { get; }

    /// <summary>Time since the script's start.</summary>
    TimeSpan Now { get; }

    /// <summary>Gives the stack a packet that came in by its device.</summary>
    /// <param name="packet">An IPv4 packet.</param>
    void Inject(ReadOnlySpan<byte> packet);

    /// <summary>Lets time pass until the stack sends a packet, or until a moment.</summary>
    /// <param name="deadline">The moment; one that has passed asks only for what was sent already.</param>
    /// <returns>The IPv4 packet, or null when there was none by then.</returns>
    byte[]? NextEmitted(TimeSpan deadline);

    /// <summary>Makes a non-blocking TCP socket.</summary>
    /// <returns>Its handle.</returns>
    SocketAnswer Open();

    /// <summary>Binds a socket to a port of <see cref="Address"/>.</summary>
    SocketAnswer Bind(int socket, ushort port);

    /// <summary>Makes a socket listen.</summary>
    SocketAnswer Listen(int socket, int backlog);

    /// <summary>Takes a connection that is ready.</summary>
    /// <returns>The new socket's handle.</returns>
    SocketAnswer Accept(int socket);

    /// <summary>Starts to connect to a port of <see cref="PeerAddress"/>.</summary>
    SocketAnswer Connect(int socket, ushort port);

    /// <summary>Writes bytes.</summary>
    /// <returns>How many were taken.</returns>
    SocketAnswer Write(int socket, ReadOnlySpan<byte> data);

    /// <summary>Reads bytes.</summary>
    /// <returns>How many there were; 0 at the end of the stream.</returns>
    SocketAnswer Read(int socket, Span<byte> buffer);

    /// <summary>Shuts down one way or both.</summary>
    SocketAnswer Shutdown(int socket, ShutdownWay way);

    /// <summary>Closes a socket.</summary>
    SocketAnswer Close(int socket);

    /// <summary>Sets an option; its name is the lower-case tail of Linux's constant, such as <c>nodelay</c> or <c>keepidle</c>.</summary>
    SocketAnswer SetOption(int socket, string option, int value);

    /// <summary>Takes the pending error (SO_ERROR): value 0 or the errno's name.</summary>
    SocketAnswer TakeError(int socket);

    /// <summary>The state's name as RFC 9293 3.3.2 writes it, or null where the stack cannot say.</summary>
    string? State(int socket);

    /// <summary>A figure of the connection, named as in Linux's struct tcp_info without its prefix, such as <c>snd_cwnd</c>.</summary>
    SocketAnswer Info(int socket, string field);
}

/// <summary>What <see cref="ITcpStackUnderTest.Shutdown"/> ends.</summary>
public enum ShutdownWay
{
    /// <summary>Reading (SHUT_RD).</summary>
    Read,

    /// <summary>Writing (SHUT_WR): a FIN follows the data.</summary>
    Write,

    /// <summary>Both (SHUT_RDWR).</summary>
    Both,
}

/// <summary>What a socket call came to.</summary>
/// <param name="Value">Count or handle when it succeeded.</param>
/// <param name="Errno">The name of the errno, such as <c>EAGAIN</c>; null when it succeeded.</param>
public readonly record struct SocketAnswer(int Value, string? Errno)
{
    /// <summary>Success with a value.</summary>
    public static SocketAnswer Ok(int value = 0) => new(value, null);

    /// <summary>Failure with the name of an errno.</summary>
    public static SocketAnswer Fail(string errno) => new(-1, errno);

    /// <inheritdoc/>
    public override string ToString() => Errno ?? Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
