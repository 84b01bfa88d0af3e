namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>How far some kinds have changed. Two that are equal say that none of their objects changed in between.</summary>
/// <param name="Log">Who counts: another one may have missed changes.</param>
/// <param name="Revision">The revision of their newest change.</param>
public readonly record struct ChangeMark(object Log, long Revision);
