namespace ActorNet.Kubernetes.Patches;

/// <summary>A patch cannot be carried out on this object.</summary>
/// <param name="message">Why.</param>
public sealed class PatchException(string message) : Exception(message);
