using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>The small tools by name.</summary>
internal static class ToolTable
{
    public static void AddTo(ProgramTable table)
    {
        table.Add("[", new TestTool("["));
        table.Add("cat", new CatTool());
        table.Add("echo", new EchoTool());
        table.Add("false", new ConstantTool("false", 1));
        table.Add("head", new HeadTool());
        table.Add("printf", new PrintfTool());
        table.Add("tail", new TailTool());
        table.Add("tee", new TeeTool());
        table.Add("test", new TestTool("test"));
        table.Add("true", new ConstantTool("true", 0));
        table.Add("env", new EnvTool(table));
        table.Add("grep", new GrepTool());
        table.Add("mkdir", new MkdirTool());
        table.Add("seq", new SeqTool());
        table.Add("sleep", new SleepTool());
        table.Add("sort", new SortTool());
        table.Add("touch", new TouchTool());
        table.Add("tr", new TrTool());
        table.Add("wc", new WcTool());
        table.Add("yes", new YesTool());
    }
}
