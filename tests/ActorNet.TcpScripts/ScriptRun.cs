using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>One run of a script against a stack. A stack that does something else ends it with a <see cref="ScriptException"/>.</summary>
public sealed class ScriptRun
{
    private const ushort FirstPeerPort = 40001;

    private readonly TcpScript _script;
    private readonly ITcpStackUnderTest _stack;
    private readonly PacketWriter _writer;
    private readonly SegmentComparer _comparer;
    private readonly CallRunner _calls;
    private readonly Dictionary<string, long> _variables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Connection> _connections = new(StringComparer.Ordinal);
    private readonly Transcript _transcript = new();
    private byte[]? _pending;
    private TimeSpan _previous;

    private ScriptRun(TcpScript script, ITcpStackUnderTest stack)
    {
        _script = script;
        _stack = stack;
        _writer = new PacketWriter(stack.Address, stack.PeerAddress);
        _comparer = new SegmentComparer(_variables);
        _calls = new CallRunner(stack, ConnectionNamed);
    }

    /// <summary>Runs a script.</summary>
    /// <param name="script">The script.</param>
    /// <param name="stack">A fresh stack; the caller disposes it.</param>
    /// <exception cref="ScriptException">The stack did something else.</exception>
    public static void Execute(TcpScript script, ITcpStackUnderTest stack)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(stack);
        var run = new ScriptRun(script, stack);
        foreach (ScriptStep step in script.Steps)
            run.Perform(step);
        run.ExpectNothingMore(script.Steps[^1].Source, TimeSpan.Zero);
    }

    private void Perform(ScriptStep step)
    {
        if (step is ExpectSegment expected)
        {
            Expect(expected);
            return;
        }

        TimeSpan moment = step.Time.Moment(_previous);
        if (moment > _stack.Now)
            ExpectNothingMore(step.Source, moment);
        switch (step)
        {
            case InjectSegment inject:
                Inject(inject);
                break;
            case InjectIcmp inject:
                _transcript.Add(_stack.Now, Event(step.Source));
                _stack.Inject(_writer.Icmp(inject.Message, ConnectionNamed(inject.Message.Connection)));
                break;
            case SocketCall call:
                Call(call);
                break;
            default:
                _transcript.Add(_stack.Now, "quiet");
                break;
        }
        _previous = _stack.Now;
    }

    private void Inject(InjectSegment step)
    {
        Connection connection = ConnectionNamed(step.Segment.Connection);
        for (int i = 0; i < step.Segment.Count; i++)
        {
            byte[] packet = _writer.Segment(step.Source, step.Segment, connection, _variables, i);
            _transcript.Add(_stack.Now, Event(step.Source) + (step.Segment.Count > 1 ? $" (#{i + 1})" : ""));
            _stack.Inject(packet);
        }
    }

    private void Call(SocketCall step)
    {
        string? difference = _calls.Perform(step.Source, step.Call, out string answer);
        string text = Event(step.Source);
        int arrow = text.IndexOf(" -> ", StringComparison.Ordinal);
        _transcript.Add(_stack.Now, $"{(arrow < 0 ? text : text[..arrow])} -> {answer}");
        if (difference is not null)
            throw Failure(step.Source, difference);
    }

    private void Expect(ExpectSegment step)
    {
        Connection connection = ConnectionNamed(step.Segment.Connection);
        TimeSpan previous = _previous;
        for (int i = 0; i < step.Segment.Count; i++)
        {
            byte[]? packet = Take(step.Time.Until(previous));
            if (packet is null)
            {
                if (step.IsOptional)
                    return;
                throw Failure(step.Source, $"saw nothing until {Seconds(_stack.Now)}, expected a segment {Window(step.Time, previous)}"
                    + (step.Segment.Count > 1 ? $" (number {i + 1} of {step.Segment.Count})" : ""));
            }

            List<string> differences = Compare(step, i, connection, previous, packet, out string seen);
            if (differences.Count == 0)
            {
                _transcript.Add(_stack.Now, $"> {seen}");
                _previous = _stack.Now;
                continue;
            }

            if (step.IsOptional)
            {
                _pending = packet;
                return;
            }
            _transcript.Add(_stack.Now, $"> {seen}");
            throw Failure(step.Source, $"saw '> {seen}' at {Seconds(_stack.Now)}\n  {string.Join("\n  ", differences)}");
        }
    }

    private List<string> Compare(ExpectSegment step, int index, Connection connection, TimeSpan previous, byte[] packet, out string text)
    {
        ObservedSegment? seen = ObservedSegment.Read(packet, _stack.Address, _stack.PeerAddress, out string? problem);
        text = problem ?? "";
        if (seen is null)
            return [problem!];
        Connection? seenOn = Learn(seen, step.Segment);
        text = seen.Format(seenOn);
        List<string> differences = [.. _comparer.Differences(step.Segment, index, connection, seen, seenOn)];
        if (_stack.Now < step.Time.From(previous))
            differences.Add($"time: too early, expected {Window(step.Time, previous)}");
        return differences;
    }

    /// <summary>Finds a segment's connection, and takes the port and the number that the stack chose from its SYN.</summary>
    private Connection? Learn(ObservedSegment seen, SegmentPattern? expected)
    {
        Connection? connection = _connections.Values.FirstOrDefault(each =>
            each.PeerPort == seen.DestinationPort && (!each.IsLocalPortKnown || each.LocalPort == seen.SourcePort));
        if (connection is null || (seen.Flags & TcpFlags.Syn) == 0)
            return connection;
        connection.LocalPort = seen.SourcePort;
        connection.IsLocalPortKnown = true;
        if (!connection.HasStackIsn || expected is { NewIsn: true })
            (connection.StackIsn, connection.HasStackIsn) = (seen.Sequence, true);
        return connection;
    }

    private void ExpectNothingMore(SourceLine source, TimeSpan until)
    {
        byte[]? packet = Take(until);
        if (packet is null)
            return;
        ObservedSegment? seen = ObservedSegment.Read(packet, _stack.Address, _stack.PeerAddress, out string? problem);
        string text = seen is null ? problem! : seen.Format(Learn(seen, null));
        _transcript.Add(_stack.Now, $"> {text}");
        throw Failure(source, $"saw '> {text}' at {Seconds(_stack.Now)}, expected nothing before this line");
    }

    private byte[]? Take(TimeSpan until)
    {
        byte[]? packet = _pending ?? _stack.NextEmitted(until);
        _pending = null;
        return packet;
    }

    private Connection ConnectionNamed(string name)
    {
        if (!_connections.TryGetValue(name, out Connection? connection))
            _connections[name] = connection = new Connection(name, (ushort)(FirstPeerPort + _connections.Count), _script.PeerIsn);
        return connection;
    }

    private ScriptException Failure(SourceLine source, string what) => new(
        $"{source}: {what}\nexpected: {source.Text}\nscript: {_script.Title} ({_script.Clause})\nthe conversation so far:\n{_transcript}");

    private static string Event(SourceLine source)
    {
        int space = source.Text.IndexOf(' ', StringComparison.Ordinal);
        return source.Text[(space + 1)..].Trim();
    }

    private static string Window(StepTime time, TimeSpan previous)
    {
        TimeSpan from = time.From(previous);
        return $"between {Seconds(from < TimeSpan.Zero ? TimeSpan.Zero : from)} and {Seconds(time.Until(previous))}";
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.000}");
}
