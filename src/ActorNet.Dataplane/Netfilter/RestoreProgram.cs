using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>
/// A text of iptables-restore that has been read: its rules are objects already. Reading needs no tables, so anybody may do it, on any thread; the
/// owner of a namespace carries it out, once. What is wrong with a line is told when it is carried out, in its turn.
/// </summary>
public sealed class RestoreProgram
{
    private IReadOnlyList<RestoreLine>? _lines;

    private RestoreProgram(IReadOnlyList<RestoreLine> lines, string name) => (_lines, Name) = (lines, name);

    /// <summary>The name that messages begin with.</summary>
    internal string Name { get; }

    /// <summary>Reads a text.</summary>
    /// <param name="text">Lines as iptables-save prints them, or a user writes them.</param>
    /// <param name="counters">--counters: counters are taken from the text.</param>
    /// <param name="program">The name that messages begin with.</param>
    public static RestoreProgram Read(string text, bool counters = false, string program = "iptables-restore")
    {
        ArgumentNullException.ThrowIfNull(text);
        return Read([text], counters, program);
    }

    /// <summary>Reads a text that is in pieces.</summary>
    /// <param name="pieces">What makes the text when one is put behind the other; each ends with a line.</param>
    /// <param name="counters">--counters: counters are taken from the text.</param>
    /// <param name="program">The name that messages begin with.</param>
    public static RestoreProgram Read(IReadOnlyList<string> pieces, bool counters = false, string program = "iptables-restore")
    {
        ArgumentNullException.ThrowIfNull(pieces);
        return new RestoreProgram(new RestoreText(counters, program).Read(pieces), program);
    }

    /// <summary>The lines, for the one who carries them out: their rules will be those in force, with the counters.</summary>
    /// <exception cref="InvalidOperationException">They were taken before.</exception>
    internal IReadOnlyList<RestoreLine> Take()
    {
        IReadOnlyList<RestoreLine> lines = _lines ?? throw new InvalidOperationException("This program has been carried out: its rules are in force somewhere; read the text again.");
        _lines = null;
        return lines;
    }
}
