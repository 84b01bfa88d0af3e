namespace ActorNet.Interop.Tests.Streaming;

/// <summary>Streams of pods judged by real kubectl: 1.29 over SPDY, 1.32 over WebSocket.</summary>
public sealed class KubectlStreamTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    // Waits until a background command has said a word into a file, then goes on; ends after 30 s.
    private const string Await = "await() { for i in $(seq 300); do grep -q \"$1\" $2 2>/dev/null && return; sleep 0.1; done; echo \"no $1 in $2\" >&2; cat $2 >&2; }; ";

    private const string Idle = "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}";

    /// <summary>Output and error apart, the exit code, input to its end, and what has no container.</summary>
    [Theory]
    [InlineData(29)]
    [InlineData(32)]
    public async Task Exec_has_three_streams_and_an_exit_code(int minor)
    {
        Need.Tool("kubectl", "bash");
        string pod = await bed.RunOnceAsync("exec", Idle);
        CommandResult result = await bed.ShellAsync(minor, $"echo question | kubectl exec -i {pod} -- sh -c 'cat; echo told >&2; exit 3'");
        Assert.Equal((3, "question\n", "told\ncommand terminated with exit code 3\n"), (result.ExitCode, result.Output, result.Error));
        result = await bed.ShellAsync(minor, $"kubectl exec {pod} -c other -- true");
        Assert.Equal((1, $"Error from server (BadRequest): container other is not valid for pod {pod}\n"), (result.ExitCode, result.Error));
        result = await bed.ShellAsync(minor, $"kubectl exec {pod} -- nothing");
        Assert.Equal(127, result.ExitCode);
    }

    /// <summary>Three megabytes each way arrive as they were sent, and the end of input ends the command.</summary>
    [Theory]
    [InlineData(29)]
    [InlineData(32)]
    public async Task Large_input_and_output_arrive_whole(int minor)
    {
        Need.Tool("kubectl", "bash");
        string pod = await bed.RunOnceAsync("exec", Idle);
        CommandResult result = await bed.ShellAsync(minor, $"""
            head -c 3000000 /dev/urandom > large{minor}
            sha256sum < large{minor}
            kubectl exec -i {pod} -- sha256sum < large{minor}
            kubectl exec -i {pod} -- cat < large{minor} | sha256sum
            """);
        Assert.Equal(0, result.ExitCode);
        string[] hashes = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((3, 1), (hashes.Length, hashes.Distinct().Count()));
    }

    /// <summary>A tree goes into the pod and comes back the same; what is not there is said by the pod's tar.</summary>
    [Theory]
    [InlineData(29)]
    [InlineData(32)]
    public async Task A_tree_is_copied_both_ways(int minor)
    {
        Need.Tool("kubectl", "bash");
        string pod = await bed.RunOnceAsync("exec", Idle);
        CommandResult result = await bed.ShellAsync(minor, $"""
            mkdir -p tree{minor}/in/deep; head -c 2000000 /dev/urandom > tree{minor}/big; echo small > tree{minor}/in/deep/s; : > tree{minor}/in/empty
            kubectl cp tree{minor} {pod}:/tmp/tree{minor} && kubectl cp {pod}:/tmp/tree{minor} back{minor} && diff -r tree{minor} back{minor} && echo same
            kubectl exec {pod} -- sha256sum /tmp/tree{minor}/big | cut -c 1-64; sha256sum tree{minor}/big | cut -c 1-64
            kubectl cp {pod}:/nope nope 2>&1
            """);
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // kubectl shows what the pod's tar says, on its own output.
        Assert.Equal(["tar: removing leading '/' from member names", "same"], lines[..2]);
        Assert.Equal(lines[2], lines[3]);
        Assert.Contains("tar: /nope: No such file or directory", lines);
    }

    /// <summary>Six connections at once over one session, and a port at which nobody listens.</summary>
    [Theory]
    [InlineData(29)]
    [InlineData(32)]
    public async Task Ports_are_forwarded(int minor)
    {
        Need.Tool("kubectl", "bash", "curl");
        string pod = await bed.RunOnceAsync("server", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: agnhost, args: [netexec, --http-port=8080]}]}}");
        CommandResult result = await bed.ShellAsync(minor, Await + $$"""
            kubectl port-forward {{pod}} :8080 :81 > pf{{minor}} 2>&1 & FORWARD=$!
            await '> 81' pf{{minor}}
            PORT=$(sed -n 's/.*127.0.0.1:\([0-9]*\) -> 8080.*/\1/p' pf{{minor}}); CLOSED=$(sed -n 's/.*127.0.0.1:\([0-9]*\) -> 81.*/\1/p' pf{{minor}})
            curl -sS http://127.0.0.1:$PORT/hostname; echo
            for i in 1 2 3 4 5 6; do curl -sS "http://127.0.0.1:$PORT/echo?msg=a$i" > part{{minor}}.$i & PARTS="$PARTS $!"; done; wait $PARTS; cat part{{minor}}.*; echo
            curl -s http://127.0.0.1:$CLOSED/; echo "curl $?"
            await refused pf{{minor}}
            kill $FORWARD 2>/dev/null; wait $FORWARD 2>/dev/null
            grep -o 'an error occurred forwarding.*refused' pf{{minor}} | sed 's/[0-9]* -> 81/PORT -> 81/; s/\\"/"/g'
            """);
        Assert.Equal(
            [
                pod, "a1a2a3a4a5a6", "curl 52",
                $"an error occurred forwarding PORT -> 81: error forwarding port 81 to pod {pod}, uid : failed to connect to localhost:81 inside namespace of pod \"{pod}\", IPv4: dial tcp4 127.0.0.1:81: connect: connection refused",
            ],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
