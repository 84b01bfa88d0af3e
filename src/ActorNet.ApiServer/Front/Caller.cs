using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Certificates;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.ApiServer.Front;

/// <summary>Who asks (kubernetes: authentication/user.Info). A request's is in <see cref="Microsoft.AspNetCore.Http.HttpContext.Features"/>.</summary>
/// <param name="User">The user's name.</param>
/// <param name="Groups">Its groups.</param>
public sealed record Caller(string User, ImmutableArray<string> Groups)
{
    private const string CommonName = "2.5.4.3", Organization = "2.5.4.10";

    /// <summary>The service account's token that it showed; null: it showed none.</summary>
    public TokenClaims? Token { get; init; }

    /// <summary>Nobody in particular.</summary>
    public static readonly Caller Anonymous = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>Whether it is a node of the cluster with its own certificate.</summary>
    public bool IsNode => Groups.Contains(HostNames.Group) && User.StartsWith(HostNames.UserPrefix, StringComparison.Ordinal);

    /// <summary>Whether it may do anything.</summary>
    public bool IsMaster => Groups.Contains("system:masters");

    /// <summary>Who a certificate is of: its common name is the user, its organizations are the groups (kubernetes: authentication/request/x509).</summary>
    /// <returns>Null when it names no user.</returns>
    public static Caller? Of(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        string user = "";
        var groups = ImmutableArray.CreateBuilder<string>();
        foreach (X500RelativeDistinguishedName part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements)
                continue;
            if (part.GetSingleElementType().Value == CommonName)
                user = part.GetSingleElementValue() ?? "";
            else if (part.GetSingleElementType().Value == Organization && part.GetSingleElementValue() is { } group)
                groups.Add(group);
        }

        groups.Add("system:authenticated");
        return user.Length == 0 ? null : new Caller(user, groups.ToImmutable());
    }

    /// <summary>Who a token is of.</summary>
    /// <param name="token">What it says.</param>
    public static Caller Of(TokenClaims token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return new Caller(token.User, token.Groups) { Token = token };
    }

    /// <summary>As the API tells of users.</summary>
    public UserInfo ToUserInfo() => Token is { } token
        ? new UserInfo(User, Groups) { Uid = token.Account.Uid, Extra = token.Extra }
        : new UserInfo(User, Groups);
}
