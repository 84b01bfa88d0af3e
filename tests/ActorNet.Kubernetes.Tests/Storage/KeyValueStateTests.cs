using System.Text;
using ActorNet.Kubernetes.Storage;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Storage;

/// <summary>The state against plain dictionaries, one for each revision.</summary>
public sealed class KeyValueStateTests
{
    // More than lie between two roots that are kept.
    private const int MostSteps = 4 * KeyValueState.RootEvery;

    [Fact]
    public void Every_revision_that_is_not_compacted_reads_as_it_was()
    {
        Gen.Select(Gen.Int[0, 99], Gen.Int[0, 30], Gen.Int[0, 30]).Array[0, MostSteps].Sample(steps =>
        {
            var state = new KeyValueState();
            var was = new Dictionary<long, SortedDictionary<string, string>> { [1] = new(StringComparer.Ordinal) };
            var views = new List<KeyValueView>();
            foreach ((int action, int one, int other) in steps)
            {
                var next = new SortedDictionary<string, string>(was[state.Revision], StringComparer.Ordinal);
                switch (action)
                {
                    case < 2 when state.Revision > state.CompactRevision:
                        state.Compact(state.CompactRevision + 1 + (one * (state.Revision - state.CompactRevision - 1) / 30));
                        continue;
                    case < 10:
                        views.Add(state.View());
                        continue;
                    case < 35:
                        state.Apply(new StoreTransaction([], [new DeleteOperation(KeyRange.Single($"/k/{one:00}"))], []));
                        next.Remove($"/k/{one:00}");
                        break;
                    default:
                        string[] keys = one == other ? [$"/k/{one:00}"] : [$"/k/{one:00}", $"/k/{other:00}"];
                        string value = $"{action}-{state.Revision}";
                        state.Apply(new StoreTransaction([], [.. keys.Select(key => new PutOperation(key, Encoding.UTF8.GetBytes(value)))], []));
                        foreach (string key in keys)
                            next[key] = value;
                        break;
                }

                was[state.Revision] = next;
            }

            views.Add(state.View());
            foreach (KeyValueView view in views)
            {
                for (long revision = view.CompactRevision; revision <= view.Revision; revision++)
                    Assert.Equal(was[revision], view.Range(new RangeRequest(KeyRange.All, revision)).Objects.Select(each => KeyValuePair.Create(each.Key, Encoding.UTF8.GetString(each.Value.Span))));
                Assert.Equal(was[view.CompactRevision].Keys, view.Base.Select(static each => each.Key));
            }
        }, iter: 100);
    }
}
