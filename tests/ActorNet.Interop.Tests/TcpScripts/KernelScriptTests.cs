using ActorNet.TcpScripts;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>
/// The conformance scripts against the kernel's TCP. It proves the scripts: what they expect of ours is what the RFC says and what a TCP
/// that the whole world talks to does.
/// </summary>
public sealed class KernelScriptTests(KernelScriptRuns runs) : IClassFixture<KernelScriptRuns>
{
    private static readonly string[] Names = [.. TcpScript.Names(TcpScript.Folder).Where(name => TcpScript.Load(TcpScript.Folder, name).AppliesTo(kernel: true))];

    /// <summary>Every script that speaks about the kernel.</summary>
    public static TheoryData<string> Scripts => [.. Names];

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task The_kernel_does_what_the_script_says(string name) => runs.RunAsync(Names, name);
}
