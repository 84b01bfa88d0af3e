using System.Security.Cryptography;
using System.Text.Json;
using ActorNet.Packets;

namespace ActorNet.Cli.Host;

/// <summary>What a host keeps across restarts in its state directory: with it, it comes back as the same node, with the same VTEP MAC and subnet, and no other node has to learn anything.</summary>
internal sealed record HostIdentity
{
    private const string FileName = "host.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Node name.</summary>
    public required string Name { get; init; }

    /// <summary>MAC of flannel.1 (flannel keeps it too: pkg/backend/vxlan, GetStoredMacAddresses).</summary>
    public required string VtepMac { get; init; }

    /// <summary>The subnet that the API server gave, or null before the first time.</summary>
    public string? PodCidr { get; init; }

    /// <summary>The seed of the host's random draws: MACs, names, ports.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Whether a host has been in a state directory.</summary>
    /// <param name="directory">The directory.</param>
    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, FileName));

    /// <summary>Reads the identity, or makes a new one.</summary>
    /// <param name="options">The host's options.</param>
    /// <exception cref="UsageException">The directory belongs to another node, or the file is damaged.</exception>
    public static HostIdentity LoadOrCreate(HostOptions options)
    {
        if (Find(options) is { } found)
            return found;
        ulong seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var made = new HostIdentity
        {
            Name = options.Name,
            Seed = seed,
            VtepMac = MacAddress.FromRandom(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))).ToString(),
        };
        made.Save(options.StateDirectory);
        return made;
    }

    /// <summary>Reads the identity; null: the directory has none.</summary>
    /// <param name="options">The host's options.</param>
    /// <exception cref="UsageException">The directory belongs to another node, or the file is damaged.</exception>
    public static HostIdentity? Find(HostOptions options)
    {
        string path = Path.Combine(options.StateDirectory, FileName);
        if (!File.Exists(path))
            return null;
        HostIdentity? found;
        try
        {
            found = JsonSerializer.Deserialize<HostIdentity>(File.ReadAllText(path), Json);
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path}: not a host's identity ({e.Message}). Remove it to start as a new node, or restore it.");
        }

        if (found is null || !MacAddress.TryParse(found.VtepMac, out _))
            throw new UsageException($"{path}: not a host's identity: vtepMac is missing or no MAC address. Remove it to start as a new node, or restore it.");
        if (found.Name != options.Name)
            throw new UsageException($"--name {options.Name}: the state directory {options.StateDirectory} belongs to node {found.Name}. Use that name, or another directory.");
        return found;
    }

    /// <summary>Writes the identity: first aside, then in place, so that a crash leaves the old or the new one.</summary>
    /// <param name="directory">The state directory.</param>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, FileName);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this, Json));
        File.Move(path + ".new", path, overwrite: true);
    }
}
