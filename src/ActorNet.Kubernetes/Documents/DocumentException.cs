namespace ActorNet.Kubernetes.Documents;

/// <summary>A body is not the object it should be; the message is the one that Go's decoders give.</summary>
/// <param name="message">For people.</param>
public sealed class DocumentException(string message) : Exception(message);
