using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorNet.ApiServer.Tests.Front;
using ActorNet.Cluster.Kubelets;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Cluster.Tests.Kubelets;

/// <summary>How a node keeps its pods' tokens young, on a clock that is stepped by a minute once everybody waits.</summary>
public sealed class PodTokensTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SteppedTime _time = new(Start);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<TimeSpan> _asked = new();
    private readonly PodTokens _tokens;
    private volatile string? _refusal;
    private int _told;

    public PodTokensTests() => _tokens = new PodTokens(AnswerAsync, () => Interlocked.Increment(ref _told), _time, _stop.Token);

    private TimeSpan Now => _time.GetUtcNow() - Start;

    [Fact]
    public async Task An_hours_token_is_replaced_before_it_ends_again_and_again_and_each_time_the_kubelet_is_told()
    {
        V1Pod pod = PodOf(3607);
        _tokens.Of(pod);
        for (int minute = 0; minute <= 300; minute++)
        {
            await _time.AwaitedAsync(Patience);
            PodToken token = Assert.Single(_tokens.Of(pod)!.Value);
            Assert.True(_time.GetUtcNow() < token.Expires, $"{Now}: the token ended at {token.Expires}");
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        // 80 % of 3607 s are 48.1 min; ten seconds are chance, and it looks once a minute.
        TimeSpan[] asked = [.. _asked];
        Assert.Equal(7, asked.Length);
        Assert.All(asked.Zip(asked.Skip(1), static (one, next) => next - one), static between => Assert.InRange(between, TimeSpan.FromMinutes(48), TimeSpan.FromMinutes(50)));
        Assert.Equal(asked.Length, _told);
    }

    [Fact]
    public async Task A_token_of_a_month_is_replaced_every_day()
    {
        V1Pod pod = PodOf(30 * 24 * 3600);
        _tokens.Of(pod);
        for (int minute = 0; minute < 3 * 24 * 60; minute++)
        {
            await _time.AwaitedAsync(Patience);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        await _time.AwaitedAsync(Patience);
        Assert.Equal([0, 1, 2], _asked.Select(static each => (int)Math.Round(each.TotalDays)).Take(3));
    }

    [Fact]
    public async Task A_refresh_that_fails_leaves_the_token_until_it_ends_and_is_tried_again()
    {
        V1Pod pod = PodOf(600);
        _tokens.Of(pod);
        await _time.AwaitedAsync(Patience);
        PodToken first = Assert.Single(_tokens.Of(pod)!.Value);
        _refusal = "the API is away";
        for (int minute = 0; minute < 9; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await _time.AwaitedAsync(Patience);
            Assert.Equal(first, Assert.Single(_tokens.Of(pod)!.Value));
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        await _time.AwaitedAsync(Patience);
        PodToken ended = Assert.Single(_tokens.Of(pod)!.Value);
        Assert.Equal((null, "token expired and refresh failed: the API is away"), (ended.Value, ended.Refusal));
        _refusal = null;
        _time.Advance(TimeSpan.FromSeconds(2));
        await _time.AwaitedAsync(Patience);
        Assert.True(_time.GetUtcNow() < Assert.Single(_tokens.Of(pod)!.Value).Expires);
    }

    [Fact]
    public async Task The_token_of_a_pod_that_ends_stays_what_it_is()
    {
        V1Pod pod = PodOf(600);
        _tokens.Of(pod);
        await _time.AwaitedAsync(Patience);
        PodToken first = Assert.Single(_tokens.Of(pod)!.Value);

        Assert.Equal(first, Assert.Single(_tokens.Last(pod.Metadata.Uid)!.Value));
        _time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal(first, Assert.Single(_tokens.Last(pod.Metadata.Uid)!.Value));
        Assert.Single(_asked);
        _tokens.Keep(ImmutableHashSet<string>.Empty);
        Assert.Null(_tokens.Last(pod.Metadata.Uid));
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private Task<IssuedToken> AnswerAsync(V1Pod pod, V1ServiceAccountTokenProjection source, CancellationToken ct)
    {
        if (_refusal is { } why)
            return Task.FromException<IssuedToken>(new HttpRequestException(why));
        _asked.Enqueue(Now);
        return Task.FromResult(new IssuedToken($"token {_asked.Count}", _time.GetUtcNow().AddSeconds(source.ExpirationSeconds!.Value)));
    }

    private static V1Pod PodOf(long seconds) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default", Uid = "uid-p" },
        Spec = new V1PodSpec { Volumes = [new V1Volume { Name = "v", Projected = new V1ProjectedVolumeSource { Sources = [new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = seconds } }] } }] },
    };
}
