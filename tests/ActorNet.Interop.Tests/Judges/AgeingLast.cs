using Xunit.Sdk;
using Xunit.v3;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>Has the test that waits for <see cref="NeighbourAgeing"/> come last, when most of the waiting is over; the others stay as they are.</summary>
public sealed class AgeingLast : ITestCaseOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCase> OrderTestCases<TTestCase>(IReadOnlyCollection<TTestCase> testCases)
        where TTestCase : notnull, ITestCase =>
        [.. testCases.OrderBy(each => each.TestMethod?.MethodName == nameof(KernelNodeJudge.A_neighbour_entry_ages_from_reachable_to_stale_and_is_probed_when_used_again))];
}
