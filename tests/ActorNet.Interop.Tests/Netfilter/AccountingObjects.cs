using System.Runtime.InteropServices;
using System.Text;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Netfilter;

/// <summary>
/// nfacct objects of a kernel namespace, which rules can name once they are there: made over netlink (linux include/uapi/linux/netfilter/nfnetlink_acct.h),
/// for the tool that would is seldom installed.
/// </summary>
internal static class AccountingObjects
{
    private const int AddressFamilyNetlink = 16;
    private const int Raw = 3;
    private const int NetfilterProtocol = 12;
    private const int NewObject = 7 << 8;
    private const int RequestAcknowledgedCreate = 1 | 4 | 0x400;

    /// <summary>Makes objects.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="names">Their names.</param>
    public static void Create(NetworkNamespace ns, params string[] names) =>
        NamespaceSocket.Open(ns, () =>
        {
            int file = socket(AddressFamilyNetlink, Raw, NetfilterProtocol);
            Assert.True(file >= 0, $"socket: {Marshal.GetLastPInvokeError()}");
            try
            {
                foreach (string name in names)
                    Create(file, name);
            }
            finally
            {
                _ = close(file);
            }

            return ns.Name;
        });

    // nlmsghdr, nfgenmsg, NFACCT_NAME; the answer's error is 0.
    private static void Create(int file, string name)
    {
        byte[] text = Encoding.ASCII.GetBytes(name + "\0");
        byte[] message = new byte[20 + 4 + ((text.Length + 3) & ~3)];
        BitConverter.TryWriteBytes(message, message.Length);
        BitConverter.TryWriteBytes(message.AsSpan(4), (ushort)NewObject);
        BitConverter.TryWriteBytes(message.AsSpan(6), (ushort)RequestAcknowledgedCreate);
        BitConverter.TryWriteBytes(message.AsSpan(20), (ushort)(4 + text.Length));
        BitConverter.TryWriteBytes(message.AsSpan(22), (ushort)1);
        text.CopyTo(message, 24);
        Assert.Equal(message.Length, send(file, message, message.Length, 0));
        byte[] answer = new byte[4096];
        Assert.True(recv(file, answer, answer.Length, 0) >= 20);
        Assert.Equal(0, BitConverter.ToInt32(answer, 16));
    }

#pragma warning disable CA5392 // each names the C library itself
    [DllImport("libc", SetLastError = true)]
    private static extern int socket(int domain, int type, int protocol);

    [DllImport("libc", SetLastError = true)]
    private static extern nint send(int file, byte[] data, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern nint recv(int file, byte[] data, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int file);
#pragma warning restore CA5392
}
