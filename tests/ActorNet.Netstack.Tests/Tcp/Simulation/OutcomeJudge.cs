namespace ActorNet.Netstack.Tests;

/// <summary>Whether two ends came to an end that their scenario allows: everything arrived, or a reset or a time-out that has a cause.</summary>
internal static class OutcomeJudge
{
    /// <summary>Judges the ends of a simulation.</summary>
    public static void Judge(TcpScenario scenario, SimulatedEnd client, SimulatedEnd server, TcpCounters clientTcp, TcpCounters serverTcp)
    {
        JudgeBytes(client, server, scenario.Server);
        JudgeBytes(server, client, scenario.Client);
        if (scenario.IsCutShort)
            return;
        bool gaveUp = clientTcp.TCPAbortOnTimeout + serverTcp.TCPAbortOnTimeout > 0;
        Assert.True(gaveUp || (client.Outcome == Outcome.Finished && server.Outcome == Outcome.Finished), $"No cause for an error: {client}; {server}.");
        if (scenario.IsHarsh)
            return;
        Assert.False(gaveUp, $"No cause for a time-out: {client}; {server}.");
        Assert.Equal(0, clientTcp.EstabResets + serverTcp.EstabResets);
        if (scenario.IsClean)
            Assert.Equal(0, clientTcp.RetransSegs + serverTcp.RetransSegs);
    }

    /// <summary>Judges a time-out: RFC 1122, 4.2.3.5 asks for at least 100 s; keep-alive may ask for less, and the user's own time-out for any.</summary>
    /// <param name="end">Who heard it.</param>
    /// <param name="plan">What it had asked for.</param>
    /// <param name="silence">Since when nothing new was acknowledged.</param>
    public static void JudgeTimeout(SimulatedEnd end, EndPlan plan, TimeSpan silence)
    {
        TimeSpan least = plan.Options().KeepAliveIdle + (plan.Options().KeepAliveInterval * 8);
        least = least < TimeSpan.FromSeconds(100) ? least : TimeSpan.FromSeconds(100);
        if (plan.UserTimeout > 0)
            least = TimeSpan.FromMilliseconds(plan.UserTimeout);
        Assert.True(silence >= least, $"A time-out after {silence}, where {least} is the least: {end}.");
    }

    // The end of a stream is heard only when all of it was: whoever saw it read everything.
    private static void JudgeBytes(SimulatedEnd reader, SimulatedEnd writer, EndPlan plan)
    {
        Assert.True(reader.Read <= writer.Written, $"More was read than written: {reader}; {writer}.");
        if (reader.Outcome == Outcome.Finished)
            Assert.True(reader.Read == plan.Write, $"The stream ended early: {reader}; {writer}.");
    }
}
