namespace ActorNet.Histories;

/// <summary>
/// Decides whether a history is linearizable (Herlihy and Wing, Linearizability: A Correctness Condition for Concurrent Objects, TOPLAS 12(3), 1990) by the
/// search of Wing and Gong (Testing and Verifying Concurrent Objects, 1993): the first operation of an order is one that was called before any other
/// returned. What was tried once, the same operations with the same state behind them, is not tried again (Lowe, Testing for Linearizability, 2017;
/// so does porcupine). A history of several objects is linearizable when each object's is (Herlihy and Wing, theorem 1): give each its own search.
/// </summary>
public static class Linearizability
{
    /// <summary>Decides.</summary>
    /// <typeparam name="TState">The object's state; compared by value.</typeparam>
    /// <typeparam name="TOperation">What is asked, and what was answered.</typeparam>
    /// <param name="initial">The state before all operations.</param>
    /// <param name="step">What an operation does to it.</param>
    /// <param name="history">The operations of one object, in any order.</param>
    /// <param name="limit">How many operations may be tried.</param>
    public static Verdict Decide<TState, TOperation>(
        TState initial, SequentialStep<TState, TOperation> step, IReadOnlyList<TimedOperation<TOperation>> history, long limit = 50_000_000)
        where TState : IEquatable<TState> => new Search<TState, TOperation>(initial, step, history).Run(limit);

    private sealed class Search<TState, TOperation>(TState initial, SequentialStep<TState, TOperation> step, IReadOnlyList<TimedOperation<TOperation>> history)
        where TState : IEquatable<TState>
    {
        private readonly HashSet<(OperationSet Done, TState State)> _tried = [];
        private readonly Stack<(Mark Call, TState Before)> _order = [];
        private readonly OperationSet _done = new(history.Count);
        private readonly Mark _head = Mark.ListOf(history);
        private int _missing = history.Count(static each => each.Return is not null);
        private int[] _longest = [];
        private int _stuckAt = -1;

        public Verdict Run(long limit)
        {
            TState state = initial;
            long steps = 0;
            // Operations without an answer need no place in the order; they stand in the list as calls that never return.
            for (Mark? at = _head.Next; _missing > 0;)
            {
                if (at is { IsCall: true })
                {
                    if (++steps > limit)
                        return new Verdict(Decision.Undecided, steps, $"given up after {limit} steps. {Explain()}");
                    at = TryPlace(at, ref state) ? _head.Next : at.Next;
                }
                else if (at is null || !TryTakeBack(at, ref state, out at))
                {
                    return new Verdict(Decision.NotLinearizable, steps, Explain());
                }
            }

            return new Verdict(Decision.Linearizable, steps, "");
        }

        private bool TryPlace(Mark call, ref TState state)
        {
            if (!step(state, history[call.Operation].Operation, out TState after))
                return false;
            _done.Add(call.Operation);
            if (!_tried.Add((_done.Copy(), after)))
            {
                _done.Remove(call.Operation);
                return false;
            }

            _order.Push((call, state));
            state = after;
            call.Lift();
            _missing -= call.Return is null ? 0 : 1;
            return true;
        }

        // Nobody else can come before this answer: what was placed last stands wrong.
        private bool TryTakeBack(Mark answer, ref TState state, out Mark? next)
        {
            if (_order.Count > _longest.Length || _stuckAt < 0)
                (_longest, _stuckAt) = ([.. _order.Reverse().Select(static each => each.Call.Operation)], answer.Operation);
            next = null;
            if (!_order.TryPop(out (Mark Call, TState Before) last))
                return false;
            state = last.Before;
            _done.Remove(last.Call.Operation);
            last.Call.Unlift();
            _missing += last.Call.Return is null ? 0 : 1;
            next = last.Call.Next;
            return true;
        }

        private string Explain()
        {
            const int Shown = 12;
            string order = string.Join(Environment.NewLine, _longest.TakeLast(Shown).Select(each => $"  {history[each]}"));
            return _stuckAt < 0 ? "" : $"the longest order has {_longest.Length} of {history.Count} operations, at last{Environment.NewLine}{order}{Environment.NewLine}and behind them does not fit{Environment.NewLine}  {history[_stuckAt]}";
        }
    }

    /// <summary>A call or an answer in the list of those that have no place yet, by time.</summary>
    private sealed class Mark(int operation, long time, bool isCall)
    {
        public int Operation { get; } = operation;

        public bool IsCall { get; } = isCall;

        /// <summary>Of a call its answer, or null.</summary>
        public Mark? Return { get; private set; }

        public Mark? Next { get; private set; }

        private Mark? Previous { get; set; }

        private long Time { get; } = time;

        public static Mark ListOf<TOperation>(IReadOnlyList<TimedOperation<TOperation>> history)
        {
            var marks = new List<Mark>(2 * history.Count);
            for (int i = 0; i < history.Count; i++)
            {
                var call = new Mark(i, history[i].Call, isCall: true);
                marks.Add(call);
                if (history[i].Return is { } end)
                    marks.Add(call.Return = new Mark(i, end, isCall: false));
            }

            // What is called at the moment of an answer may have come before it.
            marks.Sort(static (a, b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : b.IsCall.CompareTo(a.IsCall));
            var head = new Mark(-1, 0, isCall: false);
            Mark last = head;
            foreach (Mark mark in marks)
            {
                (last.Next, mark.Previous) = (mark, last);
                last = mark;
            }

            return head;
        }

        public void Lift()
        {
            Unlink();
            Return?.Unlink();
        }

        public void Unlift()
        {
            Return?.Link();
            Link();
        }

        private void Unlink()
        {
            Previous!.Next = Next;
            if (Next is not null)
                Next.Previous = Previous;
        }

        // Its neighbours are as they were: what is lifted last is put back first.
        private void Link()
        {
            Previous!.Next = this;
            if (Next is not null)
                Next.Previous = this;
        }
    }
}
