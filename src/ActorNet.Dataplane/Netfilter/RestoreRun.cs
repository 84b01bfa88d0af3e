using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>
/// A <see cref="RestoreProgram"/> on its way into force, a piece at a time, so that packets pass in between. They see a table's old rules until its
/// COMMIT, which is one piece. Who changes a table meanwhile makes the run begin that table again, as a netlink transaction is that raced with another
/// (linux net/netfilter/nf_tables_api.c, nft_base_seq).
/// </summary>
public sealed class RestoreRun
{
    // Then the table is done in one piece, however long it takes.
    private const int MaxRaces = 3;

    private readonly NetfilterState _state;
    private readonly IReadOnlyList<RestoreLine> _lines;
    private readonly TableCommands _commands;
    private readonly string _program;
    private RestoreResult? _result;
    private IEnumerator<int>? _checking;
    private TableCommit? _commit;
    private uint _generation;
    private int _at;
    private int _tableAt = -1;
    private int _races;

    internal RestoreRun(NetfilterState state, RestoreProgram program, bool noFlush, bool counters)
    {
        _state = state;
        _program = program.Name;
        _lines = program.Take();
        _commands = new TableCommands(state, noFlush, counters, program.Name, isCommand: false);
        _generation = state.Generation;
    }

    /// <summary>Goes on.</summary>
    /// <param name="work">About how many rules to look at; a COMMIT counts as nothing.</param>
    /// <returns>What it came to; null while there is more to do.</returns>
    public RestoreResult? Advance(int work)
    {
        _state.SettleCounters();
        if (_state.Generation != _generation && _tableAt >= 0)
            BeginTableAgain();
        try
        {
            while (_result is null && (work > 0 || (_races >= MaxRaces && _tableAt >= 0)))
                work -= Step();
        }
        catch (RuleSyntaxException e)
        {
            _result = RestoreRefusal.OfSyntax(_program, _lines[_at - 1].Number, e);
        }

        // A table without its COMMIT changes nothing, nor does one that was refused.
        if (_result is not null)
            _commands.Abandon();
        _generation = _state.Generation;
        return _result;
    }

    private int Step()
    {
        if (_checking is not null)
            return Check();
        if (_at == _lines.Count)
        {
            _result = RestoreResult.Success;
            return 0;
        }

        switch (_lines[_at++])
        {
            case TableLine line:
                (_tableAt, _races) = (_at - 1, 0);
                _commands.Begin(line.Table, line.Chains);
                break;
            case CommitLine line:
                _commit = _commands.BeginCommit(line.Number);
                _checking = _commit.Check().GetEnumerator();
                break;
            case ChainLine line:
                _result = _commands.Declare(line);
                break;
            case AppendLine line:
                _result = _commands.Append(line);
                break;
            case CommandLine line:
                _result = _commands.Execute(line);
                break;
            case FaultLine line:
                _result = line.Result;
                break;
        }

        return 1;
    }

    private int Check()
    {
        if (_checking!.MoveNext())
            return _checking.Current;
        _result = _commands.EndCommit(_commit!);
        (_checking, _commit, _tableAt) = (null, null, -1);
        return 0;
    }

    private void BeginTableAgain()
    {
        (_checking, _commit) = (null, null);
        _at = _tableAt + 1;
        _races++;
        var line = (TableLine)_lines[_tableAt];
        _commands.Begin(line.Table, line.Chains);
    }
}
