using System.Collections.Concurrent;
using ActorNet.Dataplane.Frames;
using CsCheck;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// Our TCP against itself through impaired links: whatever the link and the applications do, both ends come to an end and the bytes are
/// right. A run plays the same 2,000 scenarios every time. ACTORNET_TCP_SEEDS asks for that many new ones; CsCheck_Seed repeats one that failed.
/// </summary>
public sealed class TcpSimulationTests(ITestOutputHelper output)
{
    private const int Scenarios = 2000;
    private const ulong FixedSeed = 20_261_129;
    private const int LinesShown = 300;

    private static readonly ConcurrentBag<FramePool> Pools = [];

    [Fact]
    public void Every_scenario_ends_with_the_right_bytes_or_a_clean_error()
    {
        var outcomes = new ConcurrentDictionary<string, int>();
        TcpScenario? failed = null;
        try
        {
            if (int.TryParse(Environment.GetEnvironmentVariable("ACTORNET_TCP_SEEDS"), out int asked))
                TcpScenarios.All.Sample(Note, iter: asked, print: scenario => (failed = scenario).ToString());
            else
                Parallel.For(0, Scenarios, PlayFixed);
        }
        finally
        {
            if (failed is not null)
                output.WriteLine(Describe(failed));
        }

        foreach ((string ends, int count) in outcomes.OrderByDescending(p => p.Value))
            output.WriteLine($"{ends}: {count}");

        void PlayFixed(int number)
        {
            TcpScenario scenario = TcpScenarios.All.Generate(new PCG((uint)number, FixedSeed), null, out _);
            try
            {
                Note(scenario);
            }
            catch
            {
                failed = scenario;
                throw;
            }
        }

        void Note(TcpScenario scenario)
        {
            SimulationResult result = Play(scenario);
            outcomes.AddOrUpdate($"{result.Client}/{result.Server}", 1, (_, n) => n + 1);
        }
    }

    [Theory]
    [InlineData("d243QvhFC8P1")] // given up at the first time-out behind a long silence
    [InlineData("2Bhm4sk8tzT2")] // small segments took more than their buffer, within the window that was told
    [InlineData("4hymBJK9Vfi1")] // the same with a buffer of three frames
    [InlineData("3_W7mlAk5O21")] // the acknowledgment in a keep-alive probe was taken for progress
    public void What_failed_once_does_not_fail_again(string seed) => Play(TcpScenarios.All.Generate(PCG.Parse(seed), null, out _));

    // Frame memory is used again: a simulation needs less time than its slabs would.
    private static SimulationResult Play(TcpScenario scenario)
    {
        FramePool pool = Pools.TryTake(out FramePool? used) ? used : new FramePool();
        SimulationResult result = TcpSimulation.Run(scenario, pool);
        Assert.True(pool.Measure().IsIdle, pool.Measure().ToString());
        Pools.Add(pool);
        return result;
    }

    // A failing scenario is played again with its segments written down; the last of them are shown.
    private static string Describe(TcpScenario scenario)
    {
        var lines = new Queue<string>();
        string end;
        try
        {
            SimulationResult result = TcpSimulation.Run(scenario, new FramePool(), Add);
            end = result.ToString();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            end = e.Message;
        }

        return $"{scenario}\n{string.Join('\n', lines)}\n{end}";

        void Add(string line)
        {
            lines.Enqueue(line);
            if (lines.Count > LinesShown)
                lines.Dequeue();
        }
    }
}
