using ActorNet.TcpScripts;

namespace ActorNet.Netstack.Tests.TcpScripts;

/// <summary>The conformance scripts, which the kernel's TCP has proven (Interop.Tests, KernelScriptTests), against ours.</summary>
public sealed class OurScriptTests
{
    /// <summary>Every script that speaks about ours.</summary>
    public static TheoryData<string> Scripts =>
        [.. TcpScript.Names(TcpScript.Folder).Where(name => TcpScript.Load(TcpScript.Folder, name).AppliesTo(kernel: false))];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Ours_does_what_the_script_says(string name)
    {
        TcpScript script = TcpScript.Load(TcpScript.Folder, name);
        using var stack = new ScriptedStack(script);
        ScriptRun.Execute(script, stack);
    }
}
