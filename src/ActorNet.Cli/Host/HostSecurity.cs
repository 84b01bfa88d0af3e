using System.Net;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster;
using ActorNet.Cluster.Certificates;

namespace ActorNet.Cli.Host;

/// <summary>A host's certificates, its HTTPS front and the kubeconfig in its state directory. Failures become sentences for the user.</summary>
internal static class HostSecurity
{
    /// <summary>The kubeconfig's name in the state directory.</summary>
    public const string KubeconfigName = "kubeconfig";

    /// <summary>Reads the host's certificates; the first host makes the cluster's authority.</summary>
    /// <param name="options">The host's options.</param>
    /// <exception cref="UsageException">A file is damaged or cannot be read or written.</exception>
    public static HostCertificates Open(HostOptions options)
    {
        var certificates = new HostCertificates(options.StateDirectory, NamesOf(options), new MemberSigningPolicy(), TimeProvider.System);
        try
        {
            certificates.Open(options.Init);
            return certificates;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>What a host is called.</summary>
    /// <param name="options">The host's options.</param>
    public static HostNames NamesOf(HostOptions options) => new(options.Name, [IPAddress.Parse(options.Address.ToString()), IPAddress.Parse(options.NodeIp.ToString())]);

    /// <summary>What the host shows on its control links from the first byte on; null: they are plain.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="certificates">The host's certificates.</param>
    /// <exception cref="UsageException">It has no certificate.</exception>
    public static HostCredentials? OfControl(HostOptions options, HostCertificates certificates)
    {
        if (!options.ControlTls)
            return null;
        try
        {
            HostCredentials own = certificates.ObtainOwn();
            if (options.Init)
                ClusterRecord.OfFirst(options, own.Authority.RawData).Save(options.StateDirectory);
            return own;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>The host's certificate.</summary>
    /// <param name="certificates">The host's certificates.</param>
    /// <param name="control">The control system, Up.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="UsageException">There is none to be had.</exception>
    public static async Task<HostCredentials> ObtainAsync(HostCertificates certificates, ControlSystem control, CancellationToken ct)
    {
        try
        {
            return await certificates.ObtainAsync(control, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SigningRefusedException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>Opens the API port and the kubelet port.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="front">What listens.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">A port is taken.</exception>
    public static async Task<HostFront> StartFrontAsync(HostOptions options, HostFrontOptions front, CancellationToken ct)
    {
        try
        {
            return await HostFront.StartAsync(front, ct).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new UsageException($"--api-port {options.ApiPort}, --kubelet-port {options.KubeletPort}: cannot listen on {options.Address}: {e.Message} Stop what listens there, or choose other ports.");
        }
    }

    /// <summary>Writes the kubeconfig: of the administrator where the authority's key is, elsewhere of the node itself, as a kubelet has.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="certificates">The host's certificates.</param>
    /// <param name="credentials">The host's certificate.</param>
    /// <param name="server">The API port's base address.</param>
    /// <returns>The file's path.</returns>
    public static string WriteKubeconfig(HostOptions options, HostCertificates certificates, HostCredentials credentials, Uri server)
    {
        string path = Path.Combine(options.StateDirectory, KubeconfigName);
        (string user, string certificate, string key) = certificates.ObtainAdmin() is { } admin
            ? ("kubernetes-admin", admin.Certificate, admin.Key)
            : ($"{HostNames.UserPrefix}{options.Name}", credentials.Certificate.ExportCertificatePem() + "\n", KeyOf(certificates));
        CertificateFiles.Write(path, Kubeconfig.Of(server, credentials.Authority.ExportCertificatePem() + "\n", user, certificate, key));
        return path;
    }

    private static string KeyOf(HostCertificates certificates)
    {
        using System.Security.Cryptography.ECDsa key = certificates.Files.LoadOrCreateKey("host.key");
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
