using System.Globalization;
using System.Net;
using ActorNet.Cluster;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Peers;

namespace ActorNet.StoreServer;

/// <summary>What a store server is told: --name, --directory, --clients ADDRESS:PORT, and for one of several --listen and --peer NAME=ADDRESS:PORT.</summary>
internal sealed record ServerArguments(RaftStoreOptions Options, IPEndPoint Clients, IPEndPoint Listen, IReadOnlyDictionary<string, IPEndPoint> Peers)
{
    /// <summary>Reads the command line.</summary>
    public static ServerArguments Read(string[] words)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var peers = new Dictionary<string, IPEndPoint>(StringComparer.Ordinal);
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] is "--form" or "--acknowledge-unflushed")
            {
                values[words[i]] = "";
                continue;
            }

            string name = words[i], value = ++i < words.Length ? words[i] : throw new ArgumentException($"{name} needs a value");
            if (name == "--peer" && value.Split('=') is [string peer, string at])
                peers[peer] = IPEndPoint.Parse(at);
            else
                values[name] = value;
        }

        double Number(string name, double otherwise) => values.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        return new ServerArguments(
            new RaftStoreOptions
            {
                Directory = values["--directory"],
                Name = values["--name"],
                MayForm = values.ContainsKey("--form"),
                AcknowledgesBeforeFlush = values.ContainsKey("--acknowledge-unflushed"),
                ElectionTimeout = TimeSpan.FromSeconds(Number("--election-timeout", 0.3)),
                ReservedBytes = (long)Number("--reserve", 12 << 20),
                SnapshotAfterBytes = (long)Number("--snapshot-after", 16 << 20),
                StartLimit = TimeSpan.FromMinutes(1),
                RequestLimit = TimeSpan.FromMinutes(1),
            },
            IPEndPoint.Parse(values["--clients"]),
            IPEndPoint.Parse(values.GetValueOrDefault("--listen", "127.0.0.1:0")),
            peers);
    }

    /// <summary>Where a member is.</summary>
    public StorePeer? Find(string name) => Peers.TryGetValue(name, out IPEndPoint? at) ? new StorePeer(name, new ControlEndpoint(name, 7946), at) : null;
}
