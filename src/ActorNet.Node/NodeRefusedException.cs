namespace ActorNet.Node;

/// <summary>The node refused an order; the message says which object, why, and what to do.</summary>
/// <param name="message">The whole message.</param>
public sealed class NodeRefusedException(string message) : Exception(message);
