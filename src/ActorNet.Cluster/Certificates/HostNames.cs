using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Certificates;

/// <summary>What a host is called: the subject alternative names of its certificate, and the user that it is.</summary>
/// <param name="Name">The host's name, which is its node's.</param>
/// <param name="Addresses">Its own addresses: of the underlay and of the node.</param>
public sealed record HostNames(string Name, ImmutableArray<IPAddress> Addresses)
{
    /// <summary>The group of all nodes (kubernetes, authentication/user: NodesGroup).</summary>
    public const string Group = "system:nodes";

    /// <summary>What a node's user name begins with.</summary>
    public const string UserPrefix = "system:node:";

    /// <summary>The names under which every host serves the API (kubeadm's).</summary>
    public static readonly ImmutableArray<string> ServiceNames =
        ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"];

    /// <summary>The addresses under which every host serves the API: loopback and the Service `kubernetes`.</summary>
    public static readonly ImmutableArray<IPAddress> ServiceAddresses = [IPAddress.Loopback, IPAddress.Parse("10.96.0.1")];

    /// <summary>The host's user name.</summary>
    public string User => UserPrefix + Name;

    /// <summary>The subject of its certificate: the organization is the user's group, the common name the user.</summary>
    public X500DistinguishedName Subject => SubjectOf(User, Group);

    /// <summary>Every DNS name.</summary>
    public IEnumerable<string> DnsNames => ServiceNames.Prepend(Name);

    /// <summary>Every address, each once.</summary>
    public IEnumerable<IPAddress> AllAddresses => Addresses.Concat(ServiceAddresses).Distinct();

    /// <summary>Whether a certificate says the same.</summary>
    public bool Matches(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        X509SubjectAlternativeNameExtension? found = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return found is not null && DnsNames.ToHashSet(StringComparer.Ordinal).SetEquals(found.EnumerateDnsNames())
            && AllAddresses.ToHashSet().SetEquals(found.EnumerateIPAddresses());
    }

    /// <summary>Whether a certificate's subject is a node's. Who signed it is not looked at.</summary>
    /// <param name="certificate">The certificate.</param>
    public static bool IsNode(X509Certificate2 certificate) => NodeOf(certificate) is not null;

    /// <summary>The name of the node that a certificate is of; null: it is no node's.</summary>
    /// <param name="certificate">The certificate, which somebody has verified.</param>
    public static string? NodeOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        X500RelativeDistinguishedName[] names = [.. certificate.SubjectName.EnumerateRelativeDistinguishedNames().Where(static part => !part.HasMultipleElements)];
        return names.Any(static part => part.GetSingleElementType().Value == "2.5.4.10" && part.GetSingleElementValue() == Group)
            ? names.Where(static part => part.GetSingleElementType().Value == "2.5.4.3").Select(static part => part.GetSingleElementValue()).FirstOrDefault(static name => name?.StartsWith(UserPrefix, StringComparison.Ordinal) == true)?[UserPrefix.Length..]
            : null;
    }

    /// <summary>A user as the subject of a certificate (kubernetes: authentication/request/x509).</summary>
    /// <param name="user">The user.</param>
    /// <param name="group">The user's group.</param>
    public static X500DistinguishedName SubjectOf(string user, string group)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(group);
        name.AddCommonName(user);
        return name.Build();
    }

    /// <summary>The names as an extension.</summary>
    public X509Extension ToExtension()
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (string name in DnsNames)
            names.AddDnsName(name);
        foreach (IPAddress address in AllAddresses)
            names.AddIpAddress(address);
        return names.Build();
    }
}
