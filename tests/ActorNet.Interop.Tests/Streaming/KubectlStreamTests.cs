namespace ActorNet.Interop.Tests.Streaming;

/// <summary>Streams of pods judged by real kubectl: 1.29 over SPDY, 1.32 over WebSocket.</summary>
public sealed class KubectlStreamTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    /// <summary>Output and error apart, the exit code, input to its end, and what has no container.</summary>
    [Fact]
    public async Task Exec_has_three_streams_and_an_exit_code()
    {
        Need.Tool("kubectl", "bash");
        await bed.RunPodAsync("{metadata: {name: exec}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}");
        CommandResult result = await bed.ShellAsync(32, "echo question | kubectl exec -i exec -- sh -c 'cat; echo told >&2; exit 3'");
        Assert.Equal((3, "question\n", "told\ncommand terminated with exit code 3\n"), (result.ExitCode, result.Output, result.Error));
        result = await bed.ShellAsync(32, "kubectl exec exec -c other -- true");
        Assert.Equal((1, "Error from server (BadRequest): container other is not valid for pod exec\n"), (result.ExitCode, result.Error));
    }
}
