namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>One reader's way into a <see cref="ChangeLog"/>; disposing it leaves.</summary>
internal sealed class ChangeFeed : IDisposable
{
    private readonly ChangeLog _log;
    private readonly ChangeLog.Run _run;
    private readonly KindChanges _changes;
    private readonly KindReader _reader;

    public ChangeFeed(ChangeLog log, ChangeLog.Run run, KindChanges changes, KindReader reader)
    {
        (_log, _run, _changes, _reader) = (log, run, changes, reader);
        changes.Enter(reader);
    }

    /// <summary>Every change up to this revision can be read, as far as it is kept.</summary>
    public long Revision => _run.Revision;

    /// <summary>True when no more changes come.</summary>
    public bool HasEnded => _run.HasEnded;

    /// <summary>Moves the reader on.</summary>
    /// <param name="into">Gets the changes.</param>
    /// <param name="most">About so many at most.</param>
    /// <returns>False when what comes next is not kept.</returns>
    public bool Read(List<ObjectChange> into, int most) => _changes.Read(_reader, into, most);

    /// <summary>Goes on from a revision up to which the reader has read elsewhere.</summary>
    /// <returns>False when what comes behind it is not kept.</returns>
    public bool Move(long revision) => _changes.Move(_reader, revision);

    public void Dispose()
    {
        _changes.Leave(_reader);
        _log.Leave(_run);
    }
}
