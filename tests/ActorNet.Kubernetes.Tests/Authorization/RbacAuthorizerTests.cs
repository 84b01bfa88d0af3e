using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Tests.Authorization;

public sealed class RbacAuthorizerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What was acknowledged counts for the next request, whether or not somebody watches, and however many other objects change.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_role_counts_for_the_first_request_after_it_was_written(bool isWatched)
    {
        var api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(3));
        await MakeAsync(api, "", "Namespace", "", """{"metadata":{"name":"default"}}""");
        await using Watching? watching = isWatched ? await Watching.BeginAsync(api) : null;
        var authorizer = new RbacAuthorizer(_ => api.Reads, api.Kinds);
        var request = new AccessRequest(new UserInfo("jane", []), "get") { Resource = "pods", Namespace = "default", Name = "web" };
        await MakeAsync(api, RbacPolicy.Group, "Role", "default", """{"metadata":{"name":"reader"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}""");
        for (int round = 0; round < 200; round++)
        {
            Assert.False((await authorizer.DecideAsync(request)).IsAllowed);
            await MakeAsync(api, RbacPolicy.Group, "RoleBinding", "default", """{"metadata":{"name":"jane"},"roleRef":{"kind":"Role","name":"reader"},"subjects":[{"kind":"User","name":"jane"}]}""");
            Assert.True((await authorizer.DecideAsync(request)).IsAllowed);
            RbacPolicy kept = await authorizer.PolicyAsync();
            await MakeAsync(api, "", "ConfigMap", "default", $$$"""{"metadata":{"name":"c{{{round}}}"}}""");
            // Where nobody follows the changes, any of them may have been one of a role.
            if (isWatched)
                Assert.Same(kept, await authorizer.PolicyAsync());
            await api.DeleteAsync(api.Kinds.Of(RbacPolicy.Group, "RoleBinding"), "default", "jane", new DeleteOptions());
        }
    }

    private static ValueTask<ApiObject> MakeAsync(KubernetesApi api, string group, string kind, string space, string json) =>
        api.CreateAsync(api.Kinds.Of(group, kind), space, JsonNode.Parse(json)!.AsObject(), WriteOptions.Plain);

    /// <summary>Somebody who watches another kind, and has seen a change of it.</summary>
    private sealed class Watching : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SemaphoreSlim _seen = new(0);
        private readonly Task _reading;

        private Watching(KubernetesApi api) => _reading = ReadAsync(api);

        public static async Task<Watching> BeginAsync(KubernetesApi api)
        {
            var watching = new Watching(api);
            // The first may be part of what was there; the second is a change.
            foreach (string name in new[] { "first", "second" })
            {
                await MakeAsync(api, "", "ConfigMap", "default", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
                Assert.True(await watching._seen.WaitAsync(Patience));
            }

            return watching;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _reading.WaitAsync(Patience);
            _stop.Dispose();
            _seen.Dispose();
        }

        private async Task ReadAsync(KubernetesApi api)
        {
            try
            {
                ResourceWatch watch = await api.WatchAsync(api.Kinds.Of("", "ConfigMap"), "", new WatchOptions(ObjectFilter.Everything), _stop.Token);
                await using WatchReader reader = watch.Open(_stop.Token);
                while (await reader.WaitAsync())
                {
                    while (reader.TryRead(out _))
                        _seen.Release();
                }
            }
            catch (OperationCanceledException)
            {
                // Told to stop.
            }
        }
    }
}
