using ActorNet.Interop.Tests.Netns;
using ActorNet.TcpScripts;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>
/// The conformance scripts against the kernel's TCP. It proves the scripts: what they expect of ours is what the RFC says and what a TCP
/// that the whole world talks to does.
/// </summary>
public sealed class KernelScriptTests
{
    /// <summary>Every script that speaks about the kernel.</summary>
    public static TheoryData<string> Scripts =>
        [.. TcpScript.Names(TcpScript.Folder).Where(name => TcpScript.Load(TcpScript.Folder, name).AppliesTo(kernel: true))];

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task The_kernel_does_what_the_script_says(string name)
    {
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        NetworkNamespace ns = await lab.AddNamespaceAsync("tcp");
        await KernelTcp.RunAsync(ns, TcpScript.Load(TcpScript.Folder, name));
    }
}
