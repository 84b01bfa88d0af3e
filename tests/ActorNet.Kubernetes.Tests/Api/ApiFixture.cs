using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>An API over a store in memory, with the namespaces "default" and "other", and a clock that stands.</summary>
internal sealed class ApiFixture
{
    private ApiFixture(IObjectStore store, ServiceRanges services)
    {
        Store = store;
        Api = new KubernetesApi(store, KindCatalog.Default(services), Time, new SeededIdentities(7));
    }

    public IObjectStore Store { get; }

    public KubernetesApi Api { get; }

    public StandingTime Time { get; } = new();

    public static async Task<ApiFixture> NewAsync(IObjectStore? store = null, ServiceRanges? services = null)
    {
        var fixture = new ApiFixture(store ?? new MemoryObjectStore(), services ?? ServiceRanges.Default);
        await fixture.CreateAsync("Namespace", """{"metadata":{"name":"default"}}""");
        await fixture.CreateAsync("Namespace", """{"metadata":{"name":"other"}}""");
        return fixture;
    }

    public KindDescriptor Kind(string name) => Api.Kinds.All.Single(kind => kind.Kind == name);

    public JsonObject Read(string kind, string json) => DocumentReader.Read(Encoding.UTF8.GetBytes(json), Kind(kind).Type).Document;

    public async Task<ApiObject> CreateAsync(string kind, string json, bool dryRun = false, string space = "default") =>
        await Api.CreateAsync(Kind(kind), Kind(kind).IsNamespaced ? space : "", Read(kind, json), new WriteOptions(dryRun));

    public async Task<ApiObject> UpdateAsync(string kind, string name, string json, string sub = "", bool dryRun = false) =>
        (await Api.UpdateAsync(Kind(kind), Kind(kind).IsNamespaced ? "default" : "", name, ObjectView.Of(Kind(kind), sub), Read(kind, json), new WriteOptions(dryRun))).Object;

    public async Task<ApiObject> PatchAsync(string kind, string name, PatchForm form, string json, string sub = "", FieldValidation validation = FieldValidation.Strict) =>
        (await Api.PatchAsync(Kind(kind), Kind(kind).IsNamespaced ? "default" : "", name, ObjectView.Of(Kind(kind), sub), new PatchRequest(form, JsonNode.Parse(json), validation), WriteOptions.Plain)).Object;

    public async Task<ApiObject> GetAsync(string kind, string name) => await Api.GetAsync(Kind(kind), Kind(kind).IsNamespaced ? "default" : "", name);

    public async Task<DeleteResult> DeleteAsync(string kind, string name, DeleteOptions? options = null) =>
        await Api.DeleteAsync(Kind(kind), Kind(kind).IsNamespaced ? "default" : "", name, options ?? new DeleteOptions());

    public static async Task<ApiException> FailsAsync(Func<Task> call) => await Assert.ThrowsAsync<ApiException>(call);

    /// <summary>A clock that moves when it is told.</summary>
    internal sealed class StandingTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
