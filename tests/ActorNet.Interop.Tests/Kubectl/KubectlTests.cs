using System.Net;
using System.Text.Json.Nodes;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Interop.Tests.Kubectl;

/// <summary>Real kubectl against our API over loopback, with the store in memory.</summary>
public sealed class KubectlTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kubectl").FullName;

    /// <summary>Where kubectl chooses its own version by the server's, as Google's does, both speak: JSON bodies up to 1.31, protobuf from 1.32 on.</summary>
    [Theory]
    [InlineData("kubectl.txt", 120, 29)]
    [InlineData("kubectl.txt", 120, 32)]
    [InlineData("apply.txt", 30, 29)]
    [InlineData("apply.txt", 30, 32)]
    [InlineData("rbac.txt", 35, 29)]
    [InlineData("rbac.txt", 35, 32)]
    public async Task Every_command_line_does_what_it_does_against_a_real_cluster(string name, int least, int minor)
    {
        Need.Tool("kubectl", "bash", "sed");
        var script = KubectlScript.Read(Path.Combine(AppContext.BaseDirectory, "Kubectl", "Scripts", name));
        Assert.True(script.Cases.Count >= least, $"only {script.Cases.Count} command lines");
        Assert.All(script.Cases, each => Assert.NotEmpty(each.Source));
        await using ApiServerHost server = await StartAsync(minor, hasRoles: name == "rbac.txt");
        Prepare(script, server.Address);
        var findings = new List<string>();
        foreach (KubectlCase each in script.Cases)
        {
            CommandResult result = await ProcessRunner.RunAsync(["bash", "-c", $"cd {_folder}; . ./env; {{ {each.Line}\n}} 2>&1"]);
            if (!each.Matches(result.ExitCode, result.Output))
                findings.Add($"$ {each.Line}   [{each.Source}]\nexit code {result.ExitCode}, expected {each.ExitCode}\n{result.Output}{result.Error}-- expected\n{string.Join('\n', each.Expected)}\n");
        }

        Assert.True(findings.Count == 0, $"{findings.Count} of {script.Cases.Count} differ\n" + string.Join('\n', findings));
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private static async Task<ApiServerHost> StartAsync(int minor, bool hasRoles)
    {
        var api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities((ulong)Random.Shared.NextInt64()));
        foreach (string name in new[] { "default", "kube-node-lease", "kube-public", "kube-system" })
            await api.CreateAsync(api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, WriteOptions.Plain);
        if (!hasRoles)
            return await ApiServerHost.StartAsync(log => new ApiFront(api, new ServerVersion(minor), log), options => options.Listen(IPAddress.Loopback, 0));
        foreach ((string kind, JsonObject document) in BootstrapPolicy.Objects())
            await api.CreateAsync(api.Kinds.Of(RbacPolicy.Group, kind), "", document, WriteOptions.Plain);
        return await ApiServerHost.StartAsync(log => AsMaster(new ApiFront(api, new ServerVersion(minor), log, authorizer: new RbacAuthorizer(_ => api.Reads, api.Kinds))), options => options.Listen(IPAddress.Loopback, 0));
    }

    // The administrator of a kubeconfig; whom kubectl is to be, its --as says.
    private static RequestDelegate AsMaster(ApiFront front) => context =>
    {
        context.Features.Set(new Caller("kubernetes-admin", ["system:masters", "system:authenticated"]));
        return front.HandleAsync(context);
    };

    // A cache of its own: kubectl remembers what a server at an address once offered.
    private void Prepare(KubectlScript script, Uri server)
    {
        foreach ((string name, string text) in script.Files)
            File.WriteAllText(Path.Combine(_folder, name), text);
        File.WriteAllText(Path.Combine(_folder, "env"), $$"""
            export KUBECACHEDIR={{_folder}}/cache KUBECONFIG={{_folder}}/none LC_ALL=C
            kubectl() { command kubectl -s {{server}} "$@"; }
            """ + "\n");
    }
}
