namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>
/// Bytes made of one object, kept for all who send the same: upstream's cachingObject (apiserver pkg/storage/cacher/caching_object.go). For any
/// thread; two that come first together may both make them, and one of the two is kept.
/// </summary>
public sealed class SharedBytes
{
    private Entry? _entries;

    /// <summary>The bytes of a form.</summary>
    /// <typeparam name="TForm">What tells forms apart; each has a few values only.</typeparam>
    /// <typeparam name="TState">What is needed to make them.</typeparam>
    /// <param name="form">The form.</param>
    /// <param name="state">Handed to <paramref name="make"/>.</param>
    /// <param name="make">Makes them.</param>
    public ReadOnlyMemory<byte> Get<TForm, TState>(TForm form, TState state, Func<TForm, TState, ReadOnlyMemory<byte>> make)
        where TForm : IEquatable<TForm>
    {
        ArgumentNullException.ThrowIfNull(make);
        for (Entry? each = Volatile.Read(ref _entries); each is not null; each = each.Next)
        {
            if (each is Entry<TForm> entry && entry.Form.Equals(form))
                return entry.Bytes;
        }

        ReadOnlyMemory<byte> bytes = make(form, state);
        while (true)
        {
            Entry? before = Volatile.Read(ref _entries);
            if (Interlocked.CompareExchange(ref _entries, new Entry<TForm>(form, bytes, before), before) == before)
                return bytes;
        }
    }

    private abstract class Entry(Entry? next)
    {
        public Entry? Next { get; } = next;
    }

    private sealed class Entry<TForm>(TForm form, ReadOnlyMemory<byte> bytes, Entry? next) : Entry(next)
    {
        public TForm Form { get; } = form;

        public ReadOnlyMemory<byte> Bytes { get; } = bytes;
    }
}
