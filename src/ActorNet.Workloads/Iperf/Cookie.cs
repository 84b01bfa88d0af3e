using System.Security.Cryptography;
using System.Text;

namespace ActorNet.Workloads.Iperf;

/// <summary>What names a test at the start of each of its connections: 36 characters and a NUL (esnet/iperf src/iperf_util.c make_cookie).</summary>
internal static class Cookie
{
    /// <summary>Bytes on the wire.</summary>
    public const int Length = 37;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    public static string Create() => RandomNumberGenerator.GetString(Alphabet, Length - 1);

    public static byte[] ToBytes(string cookie)
    {
        byte[] bytes = new byte[Length];
        Encoding.ASCII.GetBytes(cookie, bytes);
        return bytes;
    }

    public static string FromBytes(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes[..(Length - 1)]);
}
