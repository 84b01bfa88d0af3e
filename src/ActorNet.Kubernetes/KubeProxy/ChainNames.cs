using System.Security.Cryptography;
using System.Text;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// Names of the chains that kube-proxy makes for a service's port and for its endpoints: the first 16 characters of the base32 form of a SHA-256
/// (kubernetes pkg/proxy/iptables/proxier.go portProtoHash, servicePortEndpointChainName).
/// </summary>
internal static class ChainNames
{
    private const int HashLength = 16;
    private const int MaxOnStack = 512;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The part that KUBE-SVC-, KUBE-SVL-, KUBE-EXT- and KUBE-FW- of a port share.</summary>
    /// <param name="portName">namespace/service, with :port when the port has a name.</param>
    /// <param name="protocol">tcp, udp or sctp.</param>
    internal static string OfPort(string portName, string protocol) => Name("", portName, protocol, "");

    /// <summary>The chain of an endpoint.</summary>
    /// <param name="portName">namespace/service, with :port when the port has a name.</param>
    /// <param name="protocol">tcp, udp or sctp.</param>
    /// <param name="endpoint">address:port.</param>
    internal static string OfEndpoint(string portName, string protocol, string endpoint) => Name("KUBE-SEP-", portName, protocol, endpoint);

    // Five bits a character (RFC 4648, 6): 16 characters are the first ten bytes.
    private static string Name(ReadOnlySpan<char> prefix, ReadOnlySpan<char> portName, ReadOnlySpan<char> protocol, ReadOnlySpan<char> endpoint)
    {
        int length = Encoding.UTF8.GetMaxByteCount(portName.Length + protocol.Length + endpoint.Length);
        Span<byte> text = length <= MaxOnStack ? stackalloc byte[MaxOnStack] : new byte[length];
        int at = Encoding.UTF8.GetBytes(portName, text);
        at += Encoding.UTF8.GetBytes(protocol, text[at..]);
        at += Encoding.UTF8.GetBytes(endpoint, text[at..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..at], hash);
        Span<char> name = stackalloc char[HashLength];
        for (int i = 0; i < name.Length; i++)
        {
            int bit = i * 5;
            int word = (hash[bit / 8] << 8) | hash[(bit / 8) + 1];
            name[i] = Alphabet[(word >> (11 - (bit % 8))) & 31];
        }

        return string.Concat(prefix, name);
    }
}
