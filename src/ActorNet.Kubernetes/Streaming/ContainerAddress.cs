namespace ActorNet.Kubernetes.Streaming;

/// <summary>A container of a pod.</summary>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod's name.</param>
/// <param name="Container">The container's name; never empty, the API server has chosen it.</param>
public readonly record struct ContainerAddress(string Namespace, string Pod, string Container);

/// <summary>The size of a terminal's window.</summary>
/// <param name="Columns">Characters in a line.</param>
/// <param name="Rows">Lines.</param>
public readonly record struct TerminalSize(int Columns, int Rows);
