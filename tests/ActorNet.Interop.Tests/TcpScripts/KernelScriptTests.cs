using ActorNet.Interop.Tests.Netns;
using ActorNet.TcpScripts;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>
/// The conformance scripts against the kernel's TCP. It proves the scripts: what they expect of ours is what the RFC says and what a TCP
/// that the whole world talks to does.
/// </summary>
public sealed class KernelScriptTests
{
    private const int Attempts = 5;

    /// <summary>Every script that speaks about the kernel.</summary>
    public static TheoryData<string> Scripts =>
        [.. TcpScript.Names(TcpScript.Folder).Where(name => TcpScript.Load(TcpScript.Folder, name).AppliesTo(kernel: true))];

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task The_kernel_does_what_the_script_says(string name)
    {
        TcpScript script = TcpScript.Load(TcpScript.Folder, name);
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        int attempt = 1;
        while (!await IsObeyedAsync(lab, script, attempt))
            attempt++;
    }

    // Its times are real ones, by hundredths of a second: where the machine stops the kernel or who watches it for a moment, the script is run again. What it
    // says wrongly of the kernel is wrong each time.
    private static async Task<bool> IsObeyedAsync(NetnsLab lab, TcpScript script, int attempt)
    {
        NetworkNamespace ns = await lab.AddNamespaceAsync($"tcp{attempt}");
        try
        {
            await KernelTcp.RunAsync(ns, script);
            return true;
        }
        catch (ScriptException) when (attempt < Attempts)
        {
            return false;
        }
    }
}
