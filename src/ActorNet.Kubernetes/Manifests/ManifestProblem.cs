namespace ActorNet.Kubernetes.Manifests;

/// <summary>One thing wrong in a manifest, so told that its author can mend it.</summary>
/// <param name="File">The file's name as the user gave it.</param>
/// <param name="Document">Which document of the file, from 1.</param>
/// <param name="Line">The line in the file, from 1, where the fault or its document begins.</param>
/// <param name="Subject">The object, as "Pod default/web", or "document" when it has no name.</param>
/// <param name="Found">What stands there.</param>
/// <param name="Expected">What should.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ManifestProblem(string File, int Document, int Line, string Subject, string Found, string Expected, string Remedy)
{
    /// <summary>file:line: document N, object: found; expected. Remedy.</summary>
    public override string ToString() => $"{File}:{Line}: document {Document}, {Subject}: {Found}; {Expected} expected. {Remedy}";
}

/// <summary>Manifests were refused; nothing of them was taken.</summary>
public sealed class ManifestException : Exception
{
    /// <summary>Refuses manifests.</summary>
    /// <param name="problems">Everything that is wrong, at least one.</param>
    public ManifestException(IReadOnlyList<ManifestProblem> problems)
        : base(string.Join('\n', problems)) => Problems = problems;

    /// <summary>Everything that is wrong, in the order of the files.</summary>
    public IReadOnlyList<ManifestProblem> Problems { get; }
}
