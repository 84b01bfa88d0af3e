namespace ActorNet.Interop.Tests.Streaming;

/// <summary>Streams of pods judged by real kubectl: 1.29 over SPDY, 1.32 over WebSocket.</summary>
public sealed class KubectlStreamTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    // Waits until a background command has said a word into a file, then goes on; ends after 30 s.
    private const string Await = "await() { for i in $(seq 300); do grep -q \"$1\" $2 2>/dev/null && return; sleep 0.1; done; echo \"no $1 in $2\" >&2; cat $2 >&2; }; ";

    private const string Idle = "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}";

    private const string Server = "{metadata: {name: NAME}, spec: {containers: [{name: main, image: agnhost, args: [netexec, --http-port=8080], ports: [{containerPort: 8080}]}]}}";

    /// <summary>Output and error apart, the exit code, input to its end, and what has no container.</summary>
    [Theory]
    [InlineData(29, false)]
    [InlineData(29, true)]
    [InlineData(32, false)]
    [InlineData(32, true)]
    public async Task Exec_has_three_streams_and_an_exit_code(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash");
        string pod = await bed.RunOnceAsync("exec", Idle);
        CommandResult result = await bed.ShellAsync(minor, $"echo question | kubectl exec -i {pod} -- sh -c 'cat; echo told >&2; exit 3'", isRemote: isRemote);
        Assert.Equal((3, "question\n", "told\ncommand terminated with exit code 3\n"), (result.ExitCode, result.Output, result.Error));
        result = await bed.ShellAsync(minor, $"kubectl exec {pod} -c other -- true", isRemote: isRemote);
        Assert.Equal((1, $"Error from server (BadRequest): container other is not valid for pod {pod}\n"), (result.ExitCode, result.Error));
        result = await bed.ShellAsync(minor, $"kubectl exec {pod} -- nothing", isRemote: isRemote);
        Assert.Equal(127, result.ExitCode);
    }

    /// <summary>Three megabytes each way arrive as they were sent, and the end of input ends the command.</summary>
    [Theory]
    [InlineData(29, true)]
    [InlineData(32, false)]
    public async Task Large_input_and_output_arrive_whole(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash");
        string pod = await bed.RunOnceAsync("exec", Idle);
        CommandResult result = await bed.ShellAsync(minor, $"""
            head -c 3000000 /dev/urandom > large{minor}
            sha256sum < large{minor}
            kubectl exec -i {pod} -- sha256sum < large{minor}
            kubectl exec -i {pod} -- cat < large{minor} | sha256sum
            """, isRemote: isRemote);
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
    [InlineData(29, false)]
    [InlineData(32, true)]
    public async Task Ports_are_forwarded(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash", "curl");
        string pod = await bed.RunOnceAsync("server", Server);
        CommandResult result = await bed.ShellAsync(minor, Await + $$"""
            for i in $(seq 300); do kubectl exec {{pod}} -- nc -z 127.0.0.1 8080 2>/dev/null && break; sleep 0.1; done
            kubectl port-forward {{pod}} :8080 :81 > pf{{minor}} 2>&1 & FORWARD=$!
            await '> 81' pf{{minor}}
            PORT=$(sed -n 's/.*127.0.0.1:\([0-9]*\) -> 8080.*/\1/p' pf{{minor}}); CLOSED=$(sed -n 's/.*127.0.0.1:\([0-9]*\) -> 81.*/\1/p' pf{{minor}})
            curl -sS http://127.0.0.1:$PORT/hostname; echo
            for i in 1 2 3 4 5 6; do curl -sS "http://127.0.0.1:$PORT/echo?msg=a$i" > part{{minor}}.$i & PARTS="$PARTS $!"; done; wait $PARTS; cat part{{minor}}.*; echo
            curl -s http://127.0.0.1:$CLOSED/; echo "curl $?"
            await refused pf{{minor}}
            kill $FORWARD 2>/dev/null; wait $FORWARD 2>/dev/null
            grep -o 'an error occurred forwarding.*refused' pf{{minor}} | sed 's/[0-9]* -> 81/PORT -> 81/; s/\\"/"/g'
            """, isRemote: isRemote);
        Assert.Equal(
            [
                pod, "a1a2a3a4a5a6", "curl 52",
                $"an error occurred forwarding PORT -> 81: error forwarding port 81 to pod {pod}, uid : failed to connect to localhost:81 inside namespace of pod \"{pod}\", IPv4: dial tcp4 127.0.0.1:81: connect: connection refused",
            ],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>The log's parameters, and what a pod without such a log is answered.</summary>
    [Theory]
    [InlineData(29, true)]
    [InlineData(32, false)]
    public async Task Logs_are_read(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash");
        const string two = "{metadata: {name: NAME}, spec: {containers: [{name: a, image: busybox, command: [sh, -c, 'echo one; echo two >&2; echo three; sleep infinity']}, {name: b, image: busybox, command: [sh, -c, 'echo other; sleep infinity']}]}}";
        string pod = await bed.RunOnceAsync("talk", two);
        CommandResult result = await bed.ShellAsync(minor, Await + $$"""
            for i in $(seq 300); do [ "$(kubectl logs {{pod}} -c a | wc -l)" = 3 ] && [ -n "$(kubectl logs {{pod}} -c b)" ] && break; sleep 0.1; done
            kubectl logs {{pod}}; kubectl logs {{pod}} -c b; kubectl logs {{pod}} -c a --tail 1 --since 1h
            kubectl logs {{pod}} -c a --timestamps --limit-bytes 35 | sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z /TIME /'; echo
            kubectl logs {{pod}} -c c; kubectl logs {{pod}} -c a -p
            """, isRemote: isRemote);
        Assert.Equal("one\ntwo\nthree\nother\nthree\nTIME one\n\n", result.Output);
        Assert.Contains("Defaulted container \"a\" out of: a, b\n", result.Error);
        Assert.Contains("container c is not valid for pod talk\n", result.Error);
        Assert.Contains("Error from server (BadRequest): previous terminated container \"a\" in pod \"talk\" not found\n", result.Error);
    }

    /// <summary>A log that is followed ends with the container, and the run before a restart keeps its own.</summary>
    [Theory]
    [InlineData(29, false)]
    [InlineData(32, true)]
    public async Task A_followed_log_ends_with_its_container(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash");
        string counting = $"count{minor}";
        await bed.RunPodAsync($"{{metadata: {{name: {counting}}}, spec: {{restartPolicy: Never, containers: [{{name: main, image: busybox, command: [sh, -c, 'for i in 1 2 3 4 5; do echo $i; sleep 0.2; done']}}]}}}}");
        string failing = await bed.RunOnceAsync("failing", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sh, -c, 'echo run; exit 1']}]}}", waits: false);
        CommandResult result = await bed.ShellAsync(minor, $"""
            for i in $(seq 300); do kubectl logs {counting} > /dev/null 2>&1 && break; sleep 0.1; done
            kubectl logs -f {counting}
            for i in $(seq 300); do kubectl logs -p {failing} > previous{minor} 2>/dev/null && break; sleep 0.1; done; cat previous{minor}
            """, isRemote: isRemote);
        Assert.Equal("1\n2\n3\n4\n5\nrun\n", result.Output);
    }

    /// <summary>
    /// While an init container runs it is there for exec, attach and logs -f, and the others say that they wait for it. The init container ends when the
    /// test's own exec tells it to.
    /// </summary>
    [Theory]
    [InlineData(29, true)]
    [InlineData(32, false)]
    public async Task An_init_container_that_runs_has_streams_and_the_others_wait(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash");
        string pod = await bed.RunOnceAsync($"init{minor}", """
            {metadata: {name: NAME}, spec: {restartPolicy: Never, initContainers: [{name: first, image: busybox, command: [sh, -c, 'echo begun; until test -e /tmp/go; do sleep 0.1; done; echo done']}],
            containers: [{name: main, image: busybox, command: [echo, main]}]}}
            """, waits: false);
        CommandResult result = await bed.ShellAsync(minor, Await + $$"""
            for i in $(seq 300); do kubectl logs {{pod}} -c first 2>/dev/null | grep -q begun && break; sleep 0.1; done
            kubectl logs {{pod}} -c main
            kubectl exec {{pod}} -c main -- true 2>&1 | grep -o 'container not found ("main")' | uniq >&2
            kubectl logs -f {{pod}} -c first > followed{{minor}} & FOLLOW=$!
            kubectl attach {{pod}} -c first > attached{{minor}} 2>/dev/null & ATTACH=$!
            await begun followed{{minor}}
            kubectl exec {{pod}} -c first -- touch /tmp/go; echo code $?
            wait $FOLLOW $ATTACH; cat followed{{minor}}
            for i in $(seq 300); do kubectl logs {{pod}} -c main 2>/dev/null | grep main && break; sleep 0.1; done
            """, isRemote: isRemote);
        Assert.Equal("code 0\nbegun\ndone\nmain\n", result.Output);
        Assert.Equal($"Error from server (BadRequest): container \"main\" in pod \"{pod}\" is waiting to start: PodInitializing\ncontainer not found (\"main\")\n", result.Error);
    }

    /// <summary>A shell on a terminal: its window's size, its name, an interrupt that ends a command and not the shell, and the exit code.</summary>
    [Theory]
    [InlineData(29, true)]
    [InlineData(32, false)]
    public async Task A_shell_runs_on_a_terminal(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash", "script");
        string pod = await bed.RunOnceAsync("exec", Idle);
        CommandResult result = await bed.ShellAsync(minor, Await + $$"""
            mkfifo keys{{minor}}; exec 3<>keys{{minor}}
            script -qfc 'stty rows 30 cols 100; kubectl exec -it {{pod}} -- sh; echo code $?' screen{{minor}} <&3 >/dev/null & SCRIPT=$!
            await '/ # ' screen{{minor}}
            for i in $(seq 100); do printf 'stty size\n' >&3; sleep 0.1; grep -q '30 100' screen{{minor}} && break; done
            printf 'tty; cd /tmp; test -t 1 && echo on a ter""minal\n' >&3; await 'on a terminal' screen{{minor}}; await '/tmp # ' screen{{minor}}
            printf 'sleep 1000\n' >&3; await 'sleep 1000' screen{{minor}}
            printf '\003' >&3; await '\^C' screen{{minor}}
            printf 'echo sta""tus $?\n' >&3; await 'status 130' screen{{minor}}
            printf 'exit 7\n' >&3; wait $SCRIPT; exec 3>&-
            tr -d '\r' < screen{{minor}} | grep -x -E '30 100|/dev/pts/0|on a terminal|status [0-9]*|code [0-9]*' | uniq
            """, isRemote: isRemote);
        Assert.Equal("30 100\n/dev/pts/0\non a terminal\nstatus 130\ncode 7\n", result.Output);
    }

    /// <summary>Attached to a container's own program: its input to the end, its output from then on, and its end.</summary>
    [Theory]
    [InlineData(29, false)]
    [InlineData(32, true)]
    public async Task Attach_reaches_the_containers_own_program(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash");
        string once = $"once{minor}";
        await bed.RunPodAsync($"{{metadata: {{name: {once}}}, spec: {{restartPolicy: Never, containers: [{{name: main, image: busybox, stdin: true, stdinOnce: true, command: [sh, -c, 'while read x; do echo got $x; echo err $x >&2; done']}}]}}}}");
        CommandResult result = await bed.ShellAsync(minor, $"""
            for i in $(seq 300); do kubectl exec {once} -- true 2>/dev/null && break; sleep 0.1; done
            printf 'a\nb\n' | kubectl attach -i {once} 2> error{minor}; grep -v 'command prompt' error{minor}
            kubectl logs {once} | sort
            """, isRemote: isRemote);
        Assert.Equal("got a\ngot b\nerr a\nerr b\nerr a\nerr b\ngot a\ngot b\n", result.Output);
    }

    /// <summary>What a pod, a service and a node serve, through the API.</summary>
    [Theory]
    [InlineData(29, false)]
    [InlineData(32, true)]
    public async Task Requests_are_proxied(int minor, bool isRemote)
    {
        Need.Tool("kubectl", "bash", "curl");
        string pod = await bed.RunOnceAsync("server", Server);
        string address = (await bed.AddressAsync(minor, isRemote)).ToString().TrimEnd('/');
        CommandResult result = await bed.ShellAsync(minor, $$$"""
            for i in $(seq 300); do kubectl exec {{{pod}}} -- nc -z 127.0.0.1 8080 2>/dev/null && break; sleep 0.1; done
            API=/api/v1/namespaces/default
            IP=$(kubectl get pod {{{pod}}} -o jsonpath={.status.podIP})
            printf '# not JSON\n{apiVersion: v1, kind: Service, metadata: {name: s{{{minor}}}}, spec: {ports: [{port: 80, targetPort: 8080, name: web}]}}\n---\n{apiVersion: v1, kind: Endpoints, metadata: {name: s{{{minor}}}}, subsets: [{addresses: [{ip: %s}], ports: [{port: 8080, name: web}]}]}\n---\n{apiVersion: v1, kind: Service, metadata: {name: e{{{minor}}}}, spec: {ports: [{port: 80}]}}\n---\n{apiVersion: v1, kind: Endpoints, metadata: {name: e{{{minor}}}}, subsets: []}\n' $IP | kubectl create --validate=false -f - > /dev/null
            kubectl get --raw "$API/pods/{{{pod}}}:8080/proxy/echo?msg=a%20b"; echo
            kubectl get --raw "$API/pods/http:{{{pod}}}:/proxy/hostname"; echo
            kubectl get --raw "$API/services/s{{{minor}}}:80/proxy/hostname"; echo
            kubectl get --raw "$API/services/s{{{minor}}}:web/proxy/hostname"; echo
            curl -sS -o /dev/null -w '%{http_code} %{redirect_url}\n' {{{address}}}$API/pods/{{{pod}}}:8080/proxy | sed 's,http://[^/]*,,'
            curl -sS -X POST --data-binary 'msg=posted' -H 'Content-Type: application/x-www-form-urlencoded' {{{address}}}$API/pods/{{{pod}}}:8080/proxy/echo; echo
            kubectl get --raw /api/v1/nodes/n1/proxy/healthz; echo
            kubectl get --raw /api/v1/nodes/n1/proxy/pods | grep -o '"name":"{{{pod}}}"' | sort -u
            kubectl get --raw "$API/services/e{{{minor}}}/proxy/" 2>&1
            kubectl get --raw "$API/pods/{{{pod}}}:81/proxy/" 2>&1 | sed "s/$IP/IP/"
            """, isRemote: isRemote);
        Assert.Equal(
            [
                "a b", pod, pod, pod, $"301 /api/v1/namespaces/default/pods/{pod}:8080/proxy/", "posted", "ok", $"\"name\":\"{pod}\"",
                $"Error from server (ServiceUnavailable): no endpoints available for service \"e{minor}\"",
                "Error from server (ServiceUnavailable): error trying to reach service: dial tcp IP:81: connect: connection refused",
            ],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
