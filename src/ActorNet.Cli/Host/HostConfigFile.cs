using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace ActorNet.Cli.Host;

/// <summary>The file given with --config: the long options as camelCase keys. Unknown keys are refused.</summary>
public sealed class HostConfigFile
{
    /// <summary>--name.</summary>
    public string? Name { get; set; }

    /// <summary>--address.</summary>
    public string? Address { get; set; }

    /// <summary>--node-ip.</summary>
    public string? NodeIp { get; set; }

    /// <summary>--state-dir.</summary>
    public string? StateDir { get; set; }

    /// <summary>--control-port.</summary>
    public int? ControlPort { get; set; }

    /// <summary>--control-links.</summary>
    public string? ControlLinks { get; set; }

    /// <summary>--api-port.</summary>
    public int? ApiPort { get; set; }

    /// <summary>--kubelet-port.</summary>
    public int? KubeletPort { get; set; }

    /// <summary>--store.</summary>
    public string? Store { get; set; }

    /// <summary>--store-port.</summary>
    public int? StorePort { get; set; }

    /// <summary>--underlay-port.</summary>
    public int? UnderlayPort { get; set; }

    /// <summary>--lan-port.</summary>
    public int? LanPort { get; set; }

    /// <summary>--underlay-mtu.</summary>
    public int? UnderlayMtu { get; set; }

    /// <summary>--cluster-cidr.</summary>
    public string? ClusterCidr { get; set; }

    /// <summary>--node-cidr-mask-size.</summary>
    public int? NodeCidrMaskSize { get; set; }

    /// <summary>--pod-cidr.</summary>
    public string? PodCidr { get; set; }

    /// <summary>--max-pods.</summary>
    public int? MaxPods { get; set; }

    /// <summary>--etcd-compaction-interval.</summary>
    public string? EtcdCompactionInterval { get; set; }

    /// <summary>--event-ttl.</summary>
    public string? EventTtl { get; set; }

    /// <summary>--profile.</summary>
    public string? Profile { get; set; }

    /// <summary>--frame-threads.</summary>
    public int? FrameThreads { get; set; }

    /// <summary>--underlay.</summary>
    public string? Underlay { get; set; }

    /// <summary>--dns.</summary>
    public string? Dns { get; set; }

    /// <summary>--offload.</summary>
    public string? Offload { get; set; }

    /// <summary>--accept-unknown-peers.</summary>
    public bool? AcceptUnknownPeers { get; set; }

    /// <summary>--log-format.</summary>
    public string? LogFormat { get; set; }

    /// <summary>--otlp.</summary>
    public string? Otlp { get; set; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">Path.</param>
    /// <exception cref="UsageException">It cannot be read, or says something it may not.</exception>
    public static HostConfigFile Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"config file {path} cannot be read: {e.Message}");
        }

        try
        {
            IDeserializer deserializer = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build();
            return deserializer.Deserialize<HostConfigFile?>(text) ?? new HostConfigFile();
        }
        catch (YamlException e)
        {
            string why = e.InnerException?.Message ?? e.Message;
            throw new UsageException($"{path}:{e.Start.Line}:{e.Start.Column}  {why}  Keys are the long options of `actornet node` in camelCase, as `underlayMtu: 9000`.");
        }
    }
}
