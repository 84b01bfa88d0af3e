using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Tests.Api;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>The queue's promises, case by case as client-go's util/workqueue tests them: queue_test.go, delaying_queue_test.go, default_rate_limiters_test.go.</summary>
public sealed class WorkQueueTests
{
    private readonly ApiFixture.StandingTime _time = new();
    private readonly WorkQueue _queue;

    public WorkQueueTests()
    {
        _queue = new WorkQueue(_time);
    }

    [Fact]
    public void What_waits_already_is_not_added_again()
    {
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("a");
        Assert.Equal(("a", "b", null), (_queue.Take(), _queue.Take(), _queue.Take()));
    }

    [Fact]
    public void What_is_added_while_it_is_worked_on_comes_again_when_that_is_done()
    {
        _queue.Add("a");
        Assert.Equal("a", _queue.Take());
        _queue.Add("a");
        _queue.Add("a");
        Assert.Null(_queue.Take());
        _queue.Done("a");
        Assert.Equal("a", _queue.Take());
        _queue.Done("a");
        Assert.Null(_queue.Take());
    }

    [Fact]
    public void A_delayed_key_comes_at_its_time_and_the_first_of_its_times_counts()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(10));
        _queue.AddAfter("a", TimeSpan.FromSeconds(2));
        _queue.AddAfter("a", TimeSpan.FromSeconds(20));
        _queue.AddAfter("b", TimeSpan.FromSeconds(1));
        Assert.Null(_queue.Take());
        Assert.Equal(_time.Now + TimeSpan.FromSeconds(1), _queue.NextDue);
        _time.Now += TimeSpan.FromSeconds(2);
        Assert.Equal(("b", "a"), (_queue.Take(), _queue.Take()));
        _time.Now += TimeSpan.FromSeconds(60);
        Assert.Equal((null, null), (_queue.Take(), _queue.NextDue));
    }

    [Fact]
    public void Failures_double_the_wait_from_five_milliseconds_to_a_thousand_seconds()
    {
        foreach (double milliseconds in new[] { 5d, 10, 20, 40, 80 })
        {
            _queue.AddRateLimited("a");
            Assert.Equal(_time.Now + TimeSpan.FromMilliseconds(milliseconds), _queue.NextDue);
            _time.Now += TimeSpan.FromMilliseconds(milliseconds);
            Assert.Equal("a", _queue.Take());
            _queue.Done("a");
        }

        Assert.Equal(5, _queue.FailuresOf("a"));
        for (int i = 0; i < 30; i++)
        {
            _queue.AddRateLimited("a");
            _time.Now = _queue.NextDue!.Value;
            _queue.Done(_queue.Take()!);
        }

        _queue.AddRateLimited("a");
        Assert.Equal(_time.Now + TimeSpan.FromSeconds(1000), _queue.NextDue);
        _queue.Forget("b");
        _queue.Forget("a");
        _queue.AddRateLimited("a");
        Assert.Equal(_time.Now + TimeSpan.FromMilliseconds(5), _queue.NextDue);
    }
}
