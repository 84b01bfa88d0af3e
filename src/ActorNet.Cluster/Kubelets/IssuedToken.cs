namespace ActorNet.Cluster.Kubelets;

/// <summary>A token as the API gave it.</summary>
/// <param name="Value">The token.</param>
/// <param name="Expires">When its holder should have another one; it may count longer.</param>
public sealed record IssuedToken(string Value, DateTimeOffset Expires);
