using System.Security.Cryptography;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>The small tools by name.</summary>
internal static class ToolTable
{
    public static void AddTo(ProgramTable table)
    {
        table.Add("[", new TestTool("["));
        table.Add("basename", new BasenameTool());
        table.Add("cat", new CatTool());
        table.Add("chmod", new ChmodTool());
        table.Add("cp", new CpTool());
        table.Add("cut", new CutTool());
        table.Add("date", new DateTool());
        table.Add("dirname", new DirnameTool());
        table.Add("echo", new EchoTool());
        table.Add("env", new EnvTool(table));
        table.Add("false", new ConstantTool("false", 1));
        table.Add("grep", new GrepTool());
        table.Add("head", new HeadTool());
        table.Add("hostname", new HostnameTool());
        table.Add("id", new IdTool());
        table.Add("ls", new LsTool());
        table.Add("md5sum", new DigestTool("md5sum", HashAlgorithmName.MD5));
        table.Add("mkdir", new MkdirTool());
        table.Add("mv", new MvTool());
        table.Add("printenv", new PrintenvTool());
        table.Add("printf", new PrintfTool());
        table.Add("rm", new RmTool());
        table.Add("rmdir", new RmdirTool());
        table.Add("sed", new Sed.SedTool());
        table.Add("seq", new SeqTool());
        table.Add("sha1sum", new DigestTool("sha1sum", HashAlgorithmName.SHA1));
        table.Add("sha256sum", new DigestTool("sha256sum", HashAlgorithmName.SHA256));
        table.Add("sha512sum", new DigestTool("sha512sum", HashAlgorithmName.SHA512));
        table.Add("sleep", new SleepTool());
        table.Add("sort", new SortTool());
        table.Add("stty", new SttyTool());
        table.Add("tail", new TailTool());
        table.Add("tar", new Tar.TarProgram());
        table.Add("tee", new TeeTool());
        table.Add("test", new TestTool("test"));
        table.Add("timeout", new TimeoutTool(table));
        table.Add("touch", new TouchTool());
        table.Add("tr", new TrTool());
        table.Add("tty", new TtyTool());
        table.Add("true", new ConstantTool("true", 0));
        table.Add("uname", new UnameTool());
        table.Add("uniq", new UniqTool());
        table.Add("wc", new WcTool());
        table.Add("whoami", new WhoamiTool());
        table.Add("xargs", new XargsTool(table));
        table.Add("yes", new YesTool());
    }
}
