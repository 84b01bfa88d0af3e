using System.Security.Cryptography;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>Names of a store's members: HOST-XXXXXXXX, the host's name and a random part of the disk.</summary>
internal static class StoreNames
{
    private const int RandomBytes = 4;

    /// <summary>A name for a new disk.</summary>
    public static string New(string host) => $"{host}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes))}";

    /// <summary>The host of a member.</summary>
    public static string HostOf(string member) => member.Length > 2 * RandomBytes + 1 ? member[..^((2 * RandomBytes) + 1)] : member;
}
