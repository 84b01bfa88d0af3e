namespace ActorNet.Kubernetes.Kinds;

/// <summary>A part of an object with a path of its own.</summary>
/// <param name="Name">Such as "status" or "scale".</param>
/// <param name="Group">The group of the kind it speaks.</param>
/// <param name="Version">Its version.</param>
/// <param name="Kind">The kind it speaks.</param>
/// <param name="Verbs">What can be done with it: get, create, update, patch.</param>
public sealed record Subresource(string Name, string Group, string Version, string Kind, IReadOnlyList<string> Verbs);
