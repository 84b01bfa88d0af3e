using System.Collections.Concurrent;
using System.Text.Json;
using ActorNet.Cli.Host.Journal;
using ActorNet.Node;
using Akka.Actor;
using Akka.Event;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace ActorNet.Cli.Tests.Host;

public sealed class HostJournalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_line_for_a_person_begins_with_the_hosts_name()
    {
        using var output = new StringWriter();
        var journal = new HostJournal("n1", isJson: false, output, TimeProvider.System);
        journal.Say("back in the cluster");
        journal.Announce("stops");
        Assert.Equal(["n1: back in the cluster", "n1 stops", ""], output.ToString().Split(Environment.NewLine));
    }

    [Fact]
    public void A_line_for_a_program_is_one_object_whatever_is_said()
    {
        using var output = new StringWriter();
        var journal = new HostJournal("n1", isJson: true, output, TimeProvider.System);
        journal.Say("a \"quoted\" word,\nand a second line \u2028 of it");
        journal.Log(LogLevel.Error, default, "GET /x failed", new InvalidOperationException("why"), static (state, _) => state);
        string[] lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        JsonElement[] entries = [.. lines.Select(Parse)];
        Assert.Equal(("info", "n1", "n1", "actornet", "a \"quoted\" word,\nand a second line \u2028 of it"), (Of(entries[0], "level"), Of(entries[0], "host"), Of(entries[0], "node"), Of(entries[0], "source"), Of(entries[0], "message")));
        Assert.True(DateTimeOffset.TryParse(Of(entries[0], "time"), out _));
        Assert.Equal("error", Of(entries[1], "level"));
        Assert.StartsWith("GET /x failed: System.InvalidOperationException: why", Of(entries[1], "message"), StringComparison.Ordinal);
        Assert.All(entries, static entry => Assert.False(entry.TryGetProperty("pod", out _)));
    }

    /// <summary>What actors of the node log comes the same way, with the pod whose actor it is.</summary>
    [Fact]
    public async Task What_a_nodes_actors_log_comes_with_their_pod()
    {
        var heard = new BlockingCollection<NodeLogEntry>();
        ActorSystem system = NodeSystem.Start(1, heard.Add);
        try
        {
            Logging.GetLogger(system, "akka://node/user/n1/kubelet/worker-7b1c").Warning("a probe {0}", "failed");
            NodeLogEntry entry;
            do
                Assert.True(heard.TryTake(out entry!, Patience));
            while (!entry.Source.Contains("worker-7b1c", StringComparison.Ordinal));
            using var output = new StringWriter();
            new HostJournal("n1", isJson: true, output, TimeProvider.System).Write(JournalEntry.Of(entry));
            JsonElement line = Parse(output.ToString());
            Assert.Equal(("warning", "7b1c", "a probe failed"), (Of(line, "level"), Of(line, "pod"), Of(line, "message")));
        }
        finally
        {
            await system.Terminate();
            heard.Dispose();
        }
    }

    private static JsonElement Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    private static string? Of(JsonElement entry, string name) => entry.GetProperty(name).GetString();
}
