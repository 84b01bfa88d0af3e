using System.Security.Cryptography;
using System.Text.Json;
using ActorNet.Cluster.Stores.Linux;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>
/// Which member of which store a directory is, in its file member.json. The name is of the disk, not of the host: an empty disk in the place of
/// a lost one is another member, which never acknowledged anything.
/// </summary>
internal sealed record StoreIdentity
{
    /// <summary>Where the member's log and snapshots are, in the store's directory.</summary>
    public const string Data = "data";

    private const int NewestFormat = 1;
    private const string FileName = "member.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The version of the directory's layout.</summary>
    public int Format { get; init; } = NewestFormat;

    /// <summary>The member's name: the host's and a random part.</summary>
    public required string Name { get; init; }

    /// <summary>The host that it was made on.</summary>
    public required string Host { get; init; }

    /// <summary>The cluster: the hash of its authority's certificate; empty until the host knows it.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>How a cluster is named in the file.</summary>
    /// <param name="authority">Its authority's certificate in DER.</param>
    public static string ClusterOf(byte[] authority) => Convert.ToHexStringLower(SHA256.HashData(authority))[..32];

    /// <summary>Reads a directory's identity, or gives it one.</summary>
    /// <param name="directory">The store's directory, made when it is missing.</param>
    /// <param name="host">This host.</param>
    /// <exception cref="StoreDamagedException">It is another host's, of a newer version, or no store's.</exception>
    public static StoreIdentity LoadOrCreate(string directory, string host)
    {
        string path = Path.Combine(directory, FileName);
        if (File.Exists(path))
            return RequireData(Load(path, host), directory);
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw new StoreDamagedException($"{directory} holds something, but no {FileName}: it is no store of this host's. Move it away, or restore it whole.");
        var made = new StoreIdentity { Name = StoreNames.New(host), Host = host };
        made.Save(directory);
        return made;
    }

    /// <summary>The same, of a cluster.</summary>
    /// <param name="directory">The store's directory.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <exception cref="StoreDamagedException">The directory is of another one.</exception>
    public StoreIdentity Of(string directory, string cluster)
    {
        if (Cluster == cluster)
            return this;
        if (Cluster.Length > 0)
            throw new StoreDamagedException($"{directory} holds objects of another cluster (authority {Cluster[..8]}..., here {cluster[..8]}...): join that one, or give this host another state directory.");
        StoreIdentity known = this with { Cluster = cluster };
        known.Save(directory);
        return known;
    }

    private static StoreIdentity Load(string path, string host)
    {
        StoreIdentity? found;
        try
        {
            found = JsonSerializer.Deserialize<StoreIdentity>(File.ReadAllText(path), Json);
        }
        catch (JsonException broken)
        {
            throw new StoreDamagedException($"{path} does not say which member of the store this is ({broken.Message}): restore it, or remove the whole directory and let this host join again.", broken);
        }

        if (found is null || found.Name.Length == 0)
            throw new StoreDamagedException($"{path} does not say which member of the store this is: restore it, or remove the whole directory and let this host join again.");
        if (found.Format > NewestFormat)
            throw new StoreDamagedException($"{path} has format {found.Format}, and this version of actornet reads up to {NewestFormat}: start the version that wrote it, or a newer one.");
        return found.Host == host ? found : throw new StoreDamagedException($"{path} belongs to host {found.Host}, and this is {host}: two hosts with one disk would be one member twice. Give each host a state directory of its own.");
    }

    // A name whose disk is gone would acknowledge and vote as if it had never done so before.
    private static StoreIdentity RequireData(StoreIdentity found, string directory)
    {
        string data = Path.Combine(directory, Data);
        bool isThere = Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any();
        return isThere || found.Cluster.Length == 0
            ? found
            : throw new StoreDamagedException($"{data} is empty, and {directory} says that it is the disk of the member {found.Name}: restore it, or remove {directory} and let this host join again, as another member.");
    }

    private void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, FileName);
        // Without it what the log has on disk cannot be used: it must be there after a power cut, too.
        using (FileStream file = File.Create(path + ".new"))
        {
            JsonSerializer.Serialize(file, this, Json);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
        if (OperatingSystem.IsLinux())
            DirectorySync.Flush(directory);
    }
}
