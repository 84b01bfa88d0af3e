using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster.Certificates;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorNet.Interop.Tests.Certificates;

/// <summary>Certificates and the front of a host before openssl, curl and kubectl.</summary>
public sealed class CertificateJudgeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pki").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Openssl_verifies_the_chain_strictly_for_servers_and_clients_and_every_name()
    {
        Need.Tool("openssl");
        using var authority = CertificateAuthority.Create(TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var files = new CertificateFiles(_folder);
        files.SaveAuthority(authority);
        files.SaveCertificate("host.crt", authority.SignHost(new PublicKey(key), new HostNames("n1", [IPAddress.Parse("127.0.10.1")])));
        files.SaveCertificate("admin.crt", authority.SignUser(new PublicKey(key), "kubernetes-admin", "system:masters"));
        string[] verify = ["openssl", "verify", "-x509_strict", "-CAfile", files.PathOf("ca.crt")];
        foreach (string name in new[] { "n1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local" })
            (await ProcessRunner.RunAsync([.. verify, "-purpose", "sslserver", "-verify_hostname", name, files.PathOf("host.crt")])).EnsureSuccess();
        foreach (string address in new[] { "127.0.10.1", "127.0.0.1", "10.96.0.1" })
            (await ProcessRunner.RunAsync([.. verify, "-purpose", "sslserver", "-verify_ip", address, files.PathOf("host.crt")])).EnsureSuccess();
        foreach (string file in new[] { "host.crt", "admin.crt" })
            (await ProcessRunner.RunAsync([.. verify, "-purpose", "sslclient", files.PathOf(file)])).EnsureSuccess();
        Assert.NotEqual(0, (await ProcessRunner.RunAsync([.. verify, "-purpose", "sslserver", files.PathOf("admin.crt")])).ExitCode);
        Assert.NotEqual(0, (await ProcessRunner.RunAsync([.. verify, "-verify_hostname", "n2", files.PathOf("host.crt")])).ExitCode);
    }

    [Theory]
    [InlineData(29)]
    [InlineData(32)]
    public async Task Kubectl_and_curl_come_in_by_the_kubeconfigs_credentials_and_by_no_others(int minor)
    {
        Need.Tool("kubectl", "curl");
        using var authority = CertificateAuthority.Create(TimeProvider.System);
        using var stranger = CertificateAuthority.Create(TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var credentials = new LiveCredentials(HostCredentials.Of(authority.Certificate, authority.SignHost(new PublicKey(key), new HostNames("n1", [])), key));
        var api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(3));
        await api.CreateAsync(api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, WriteOptions.Plain);
        await using HostFront front = await HostFront.StartAsync(new HostFrontOptions
        {
            Address = IPAddress.Loopback,
            ApiPort = 0,
            KubeletPort = 0,
            Credentials = credentials,
            Api = new Here(new ApiFront(api, new ServerVersion(minor), NullLogger.Instance)),
        });
        Write("good", front.ApiAddress, authority, authority);
        Write("wrong", front.ApiAddress, authority, stranger);
        Write("distrusting", front.ApiAddress, stranger, authority);

        CommandResult nodes = await KubectlAsync("good", "get", "namespaces", "-o", "name");
        Assert.Equal("namespace/default\n", nodes.EnsureSuccess().Output);
        Assert.Contains("kubernetes-admin", (await KubectlAsync("good", "auth", "whoami")).EnsureSuccess().Output, StringComparison.Ordinal);
        CommandResult refused = await KubectlAsync("wrong", "get", "namespaces");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("You must be logged in to the server", refused.Error, StringComparison.Ordinal);
        CommandResult distrusting = await KubectlAsync("distrusting", "get", "namespaces");
        Assert.Contains("certificate signed by unknown authority", distrusting.Error, StringComparison.Ordinal);

        string[] curl = ["curl", "-sS", "--noproxy", "*", "-w", " %{http_code}", "--cacert", Path.Combine(_folder, "good.ca"), new Uri(front.ApiAddress, "/api/v1/namespaces/default").ToString()];
        Assert.EndsWith("\"code\":401} 401", (await ProcessRunner.RunAsync(curl)).EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.EndsWith("\"code\":401} 401", (await ProcessRunner.RunAsync([.. curl, .. Shown("wrong")])).EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.EndsWith(" 200", (await ProcessRunner.RunAsync([.. curl, .. Shown("good")])).EnsureSuccess().Output, StringComparison.Ordinal);
        CommandResult untrusted = await ProcessRunner.RunAsync(["curl", "-sS", "--noproxy", "*", "--cacert", Path.Combine(_folder, "distrusting.ca"), front.ApiAddress.ToString()]);
        Assert.Equal(60, untrusted.ExitCode);
    }

    private string[] Shown(string name) => ["--cert", Path.Combine(_folder, $"{name}.crt"), "--key", Path.Combine(_folder, $"{name}.key")];

    private void Write(string name, Uri server, CertificateAuthority trusted, CertificateAuthority signer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string certificate = PemEncoding.WriteString("CERTIFICATE", signer.SignUser(new PublicKey(key), "kubernetes-admin", "system:masters"));
        string keyText = key.ExportPkcs8PrivateKeyPem();
        File.WriteAllText(Path.Combine(_folder, name), Kubeconfig.Of(server, trusted.ExportCertificate(), "kubernetes-admin", certificate, keyText));
        File.WriteAllText(Path.Combine(_folder, $"{name}.ca"), trusted.ExportCertificate());
        File.WriteAllText(Path.Combine(_folder, $"{name}.crt"), certificate);
        File.WriteAllText(Path.Combine(_folder, $"{name}.key"), keyText);
    }

    // A cache of its own: kubectl remembers what a server at an address once offered.
    private Task<CommandResult> KubectlAsync(string kubeconfig, params string[] arguments) =>
        ProcessRunner.RunAsync(["env", $"KUBECACHEDIR={_folder}/cache", "kubectl", "--kubeconfig", Path.Combine(_folder, kubeconfig), .. arguments]);

    private sealed class Here(ApiFront front) : IApiLocator
    {
        public ApiPlace Locate() => new ApiPlace.Local(front);
    }
}
