using System.Globalization;
using System.Text;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Names;

/// <summary>The names of ports in a container's /etc/services (services(5)); without that file no port has a name.</summary>
internal sealed class ServiceNames
{
    private const string File = "/etc/services";

    private readonly Dictionary<(string Name, string Protocol), ushort> _ports = [];
    private readonly Dictionary<(ushort Port, string Protocol), string> _names = [];

    /// <summary>Reads the file.</summary>
    /// <param name="files">The container's files.</param>
    public ServiceNames(FileTree files)
    {
        if (!files.TryStat(File, out FileStatus status) || status.IsDirectory)
            return;
        using var reader = new StreamReader(files.OpenRead(File), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
            Take(line.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Finds a port's name (getservbyport).</summary>
    /// <param name="port">Port.</param>
    /// <param name="protocol">tcp or udp.</param>
    public string? Find(ushort port, string protocol) => _names.GetValueOrDefault((port, protocol));

    /// <summary>Finds a name's port (getservbyname).</summary>
    /// <param name="name">Name or alias.</param>
    /// <param name="protocol">tcp or udp.</param>
    /// <param name="port">Port.</param>
    public bool TryFind(string name, string protocol, out ushort port) => _ports.TryGetValue((name, protocol), out port);

    /// <summary>Reads a service as getaddrinfo does: a number, whose upper bits are lost as in htons, or a name.</summary>
    /// <param name="text">Number or name.</param>
    /// <param name="protocol">tcp or udp.</param>
    /// <param name="port">Port.</param>
    public bool TryParse(string text, string protocol, out ushort port)
    {
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
        {
            port = (ushort)number;
            return true;
        }

        return TryFind(text, protocol, out port);
    }

    // name port/protocol alias...; the first line about a port or a name decides.
    private void Take(string[] words)
    {
        string[] place = words.Length > 1 ? words[1].Split('/') : [];
        if (place.Length != 2 || !ushort.TryParse(place[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return;
        _names.TryAdd((port, place[1]), words[0]);
        _ports.TryAdd((words[0], place[1]), port);
        foreach (string alias in words.Skip(2))
            _ports.TryAdd((alias, place[1]), port);
    }
}
