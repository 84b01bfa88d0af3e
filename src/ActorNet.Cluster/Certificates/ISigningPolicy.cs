using System.Net;
using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster.Certificates;

/// <summary>Who may have a host's certificate signed. Who has a token and is no member yet comes to <see cref="Joining.JoinDesk"/> instead.</summary>
public interface ISigningPolicy
{
    /// <summary>Judges a request that is well formed.</summary>
    /// <param name="asker">Where the request came from: a control endpoint; its host is empty when it is this process.</param>
    /// <param name="request">The request.</param>
    /// <param name="cluster">The cluster as the signer sees it.</param>
    SigningVerdict Judge(ControlEndpoint asker, SigningRequest request, ControlSnapshot cluster);
}

/// <summary>What a policy says.</summary>
/// <param name="Refusal">Why not, as the end of a sentence; null: sign.</param>
/// <param name="MayChange">Whether asking again in a moment may be answered otherwise.</param>
public readonly record struct SigningVerdict(string? Refusal, bool MayChange = false);

/// <summary>
/// Every member of the cluster may have a certificate of its own name and address. Where control links are plain, that is whoever reaches the
/// control port; elsewhere a host has a certificate before it can become a member.
/// </summary>
public sealed class MemberSigningPolicy : ISigningPolicy
{
    /// <inheritdoc/>
    public SigningVerdict Judge(ControlEndpoint asker, SigningRequest request, ControlSnapshot cluster)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(cluster);
        string host = request.Names.Name;
        if (cluster.Find(host) is not { } member)
            return new SigningVerdict($"host '{host}' is no member of the cluster", MayChange: true);
        if (asker.Host.Length > 0 && asker != member.Endpoint)
            return new SigningVerdict($"host '{host}' is at {member.Endpoint}, the request came from {asker}", MayChange: true);
        foreach (IPAddress address in request.Names.Addresses)
        {
            // 127.0.0.1 may be shared by all hosts of a machine and is everybody's anyway.
            if (cluster.Members.FirstOrDefault(other => other.Name != host && other.Endpoint.Host == address.ToString()) is { } holder && !IPAddress.Loopback.Equals(address))
                return new SigningVerdict($"host '{host}' asks for {address}, which is host '{holder.Name}'s");
        }

        return new SigningVerdict(null);
    }
}
