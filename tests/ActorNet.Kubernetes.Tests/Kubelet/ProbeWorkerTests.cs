using ActorNet.Kubernetes.Kubelet.Probes;
using CsCheck;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>A probe's schedule and thresholds (kubernetes pkg/kubelet/prober/worker_test.go, by test name), and a plain model of them.</summary>
public sealed class ProbeWorkerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    // newWorker: initialValue.
    [InlineData(ProbeKind.Startup, ProbeResult.Unknown)]
    [InlineData(ProbeKind.Liveness, ProbeResult.Success)]
    [InlineData(ProbeKind.Readiness, ProbeResult.Failure)]
    public void What_is_believed_before_the_first_attempt(ProbeKind kind, ProbeResult result)
    {
        var worker = new ProbeWorker(kind, new V1Probe { InitialDelaySeconds = 10, PeriodSeconds = 5 });
        Assert.Equal(DateTimeOffset.MaxValue, worker.Next);
        worker.Begin(Start);
        Assert.Equal(result, worker.Result);
        // TestInitialDelay.
        Assert.False(worker.TryBegin(Start.AddSeconds(9.9), out _));
        Assert.True(worker.TryBegin(Start.AddSeconds(10), out _));
    }

    [Fact]
    public void TestFailureThreshold()
    {
        ProbeWorker worker = Begun(ProbeKind.Readiness, new V1Probe { SuccessThreshold = 1, FailureThreshold = 3 });
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(ProbeResult.Success, After(worker, ProbeResult.Success));
            Assert.Equal(ProbeResult.Success, After(worker, ProbeResult.Failure));
            Assert.Equal(ProbeResult.Success, After(worker, ProbeResult.Failure));
            Assert.Equal(ProbeResult.Failure, After(worker, ProbeResult.Failure));
            Assert.Equal(ProbeResult.Failure, After(worker, ProbeResult.Failure));
        }
    }

    [Fact]
    public void TestSuccessThreshold()
    {
        ProbeWorker worker = Begun(ProbeKind.Readiness, new V1Probe { SuccessThreshold = 3, FailureThreshold = 1 });
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(ProbeResult.Failure, After(worker, ProbeResult.Failure));
            Assert.Equal(ProbeResult.Failure, After(worker, ProbeResult.Success));
            Assert.Equal(ProbeResult.Failure, After(worker, ProbeResult.Success));
            Assert.Equal(ProbeResult.Success, After(worker, ProbeResult.Success));
            Assert.Equal(ProbeResult.Success, After(worker, ProbeResult.Success));
        }
    }

    [Theory]
    // TestOnHoldOnLivenessOrStartupCheckFailure, TestResultRunOnLivenessCheckFailure.
    [InlineData(ProbeKind.Liveness)]
    [InlineData(ProbeKind.Startup)]
    public void A_failed_one_waits_for_the_next_container(ProbeKind kind)
    {
        ProbeWorker worker = Begun(kind, new V1Probe { FailureThreshold = 1 });
        Assert.Equal(ProbeResult.Failure, After(worker, ProbeResult.Failure));
        Assert.Equal(DateTimeOffset.MaxValue, worker.Next);
        worker.Begin(Start.AddMinutes(1));
        Assert.NotEqual(ProbeResult.Failure, worker.Result);
        Assert.Equal(ProbeResult.Success, After(worker, ProbeResult.Success));
    }

    [Fact]
    public void What_an_old_container_answers_is_nothing_of_the_new_one()
    {
        ProbeWorker worker = Begun(ProbeKind.Readiness, new V1Probe());
        Assert.True(worker.TryBegin(worker.Next, out long attempt));
        worker.Hold(ProbeResult.Failure);
        worker.Begin(Start.AddMinutes(1));
        Assert.False(worker.Complete(attempt, ProbeResult.Success));
        Assert.Equal(ProbeResult.Failure, worker.Result);
    }

    [Fact]
    public void Ticks_that_an_attempt_outlasts_are_dropped()
    {
        ProbeWorker worker = Begun(ProbeKind.Readiness, new V1Probe { PeriodSeconds = 2 });
        Assert.True(worker.TryBegin(Start, out long attempt));
        Assert.False(worker.TryBegin(Start.AddSeconds(5), out _));
        worker.Complete(attempt, ProbeResult.Success);
        Assert.True(worker.TryBegin(Start.AddSeconds(5), out attempt));
        worker.Complete(attempt, ProbeResult.Success);
        // The ticker's times, not the last attempt's.
        Assert.Equal(Start.AddSeconds(6), worker.Next);
    }

    [Fact]
    public void It_is_as_the_model_says() =>
        Gen.Select(Gen.Enum<ProbeKind>(), Gen.Int[1, 4], Gen.Int[1, 4], Gen.OneOfConst('s', 'f', 'e', 'r').Array[0, 60]).Sample((kind, successes, failures, steps) =>
        {
            var worker = new ProbeWorker(kind, new V1Probe { SuccessThreshold = successes, FailureThreshold = failures });
            worker.Begin(Start);
            // The model: what was believed first, and the attempts since then as one text, without those that told nothing.
            ProbeResult first = worker.Result;
            string history = "";
            string sinceRestart = "";
            bool held = false;
            DateTimeOffset now = Start;
            foreach (char step in steps)
            {
                if (step == 'r')
                {
                    worker.Begin(now);
                    (sinceRestart, held) = ("", false);
                }
                else if (worker.TryBegin(worker.Next == DateTimeOffset.MaxValue ? now : now = worker.Next, out long attempt))
                {
                    Assert.False(held);
                    worker.Complete(attempt, step switch { 's' => ProbeResult.Success, 'f' => ProbeResult.Failure, _ => ProbeResult.Unknown });
                    if (step != 'e')
                    {
                        history += step;
                        sinceRestart = Believe(history, successes, failures) is { } now2 ? $"{now2}" : sinceRestart;
                        if (kind != ProbeKind.Readiness && Believe(history, successes, failures) == 'f')
                            (held, history) = (true, history + '|');
                    }
                }
                else
                {
                    Assert.True(held);
                }

                ProbeResult expected = sinceRestart switch { "s" => ProbeResult.Success, "f" => ProbeResult.Failure, _ => first };
                Assert.Equal(expected, worker.Result);
            }
        });

    // What the newest run of equal results says, where it is long enough.
    private static char? Believe(string history, int successes, int failures)
    {
        char last = history[^1];
        int run = history.Length - history.TrimEnd(last).Length;
        return run >= (last == 's' ? successes : failures) ? last : null;
    }

    private static ProbeWorker Begun(ProbeKind kind, V1Probe probe)
    {
        var worker = new ProbeWorker(kind, probe);
        worker.Begin(Start);
        return worker;
    }

    private static ProbeResult After(ProbeWorker worker, ProbeResult found)
    {
        Assert.True(worker.TryBegin(worker.Next, out long attempt));
        Assert.True(worker.Complete(attempt, found));
        return worker.Result;
    }
}
