using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Kestrel;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Programs;

/// <summary>What a program is given: its streams, the door to its namespace's sockets, time and names.</summary>
public sealed class ProgramContext
{
    // A script or list of names that a program reads as a whole, in bytes.
    private const int MaxText = 4 << 20;

    private TextReader? _stdin;
    private TextWriter? _stdout;
    private TextWriter? _stderr;
    private Stream? _input;
    private Stream? _output;
    private Stream? _error;
    private FileTree? _files;

    /// <summary>Standard input as text; of <see cref="Input"/> where that was given.</summary>
    public TextReader Stdin
    {
        get => _stdin ??= _input is null ? TextReader.Null : new StreamReader(_input, Encoding.UTF8, false, 1024, leaveOpen: true);
        init => _stdin = value;
    }

    /// <summary>Standard output as text; of <see cref="Output"/> where that was given.</summary>
    public TextWriter Stdout
    {
        get => _stdout ??= _output is null ? TextWriter.Null : new StreamTextWriter(_output);
        init => _stdout = value;
    }

    /// <summary>Standard error as text; of <see cref="Error"/> where that was given.</summary>
    public TextWriter Stderr
    {
        get => _stderr ??= _error is null ? TextWriter.Null : new StreamTextWriter(_error);
        init => _stderr = value;
    }

    /// <summary>Standard input as bytes; of <see cref="Stdin"/> where only that was given.</summary>
    public Stream Input
    {
        get => _input ??= new TextReaderStream(_stdin ?? TextReader.Null);
        init => _input = value;
    }

    /// <summary>Standard output as bytes; of <see cref="Stdout"/> where only that was given.</summary>
    public Stream Output
    {
        get => _output ??= new TextWriterStream(_stdout ?? TextWriter.Null);
        init => _output = value;
    }

    /// <summary>Standard error as bytes; of <see cref="Stderr"/> where only that was given.</summary>
    public Stream Error
    {
        get => _error ??= new TextWriterStream(_stderr ?? TextWriter.Null);
        init => _error = value;
    }

    /// <summary>The terminal that it runs on; null for none. Its streams may be others all the same: a pipe, a file.</summary>
    public Terminal? Terminal { get; init; }

    /// <summary>The container's files.</summary>
    public FileTree Files
    {
        get => _files ??= ContainerFiles.Create(HostName, null, [], Time);
        init => _files = value;
    }

    /// <summary>Working directory, absolute.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>What shows and changes the namespace's devices, addresses and routes, or null where nothing does.</summary>
    public INamespaceControl? Control { get; init; }

    /// <summary>The shell that has the program inside, whose name its messages begin with; null for a program of its own.</summary>
    internal string? Host { get; init; }

    /// <summary>The sockets of the namespace.</summary>
    public required INamespaceExecutor Namespace { get; init; }

    /// <summary>The process's HTTP server, to which a program adds its listeners; null where programs cannot serve HTTP.</summary>
    public PodHttpServer? Http { get; init; }

    /// <summary>Time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The host name: a pod's name.</summary>
    public required string HostName { get; init; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>/etc/hosts: names and addresses.</summary>
    public IReadOnlyDictionary<string, Ipv4Address> Hosts { get; init; } = new Dictionary<string, Ipv4Address>();

    /// <summary>Names of devices, where there is no <see cref="Control"/> to ask.</summary>
    public IReadOnlyCollection<string> Devices { get; init; } = [];

    /// <summary>SIGTERM or SIGINT.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Whether the namespace has a device of a name: what SO_BINDTODEVICE accepts.</summary>
    /// <param name="name">Device name.</param>
    public async ValueTask<bool> HasDeviceAsync(string name) =>
        Devices.Contains(name) || (Control is not null && (await Control.InspectAsync(Cancellation).ConfigureAwait(false)).FindLink(name) is not null);

    /// <summary>Finds a host's address: four octets, or a name of <see cref="Hosts"/> or of the file /etc/hosts.</summary>
    /// <param name="host">Address or name.</param>
    /// <param name="address">The address.</param>
    public bool TryResolve(string host, out Ipv4Address address) =>
        Ipv4Address.TryParse(host, out address) || Hosts.TryGetValue(host, out address) || TryFindInHostsFile(host, out address);

    /// <summary>Finds a host's addresses as a C library does: four octets, <see cref="Hosts"/>, /etc/hosts, then the name servers of /etc/resolv.conf.</summary>
    /// <param name="host">Address or name.</param>
    /// <param name="cancel">Gives up; the program's own end does so too.</param>
    internal async Task<Lookup> LookUpAsync(string host, CancellationToken cancel = default)
    {
        if (TryResolve(host, out Ipv4Address address))
            return new Lookup(LookupOutcome.Found, [address]);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, Cancellation, Namespace.Closed);
        return await NameServers().FindAsync(host, either.Token).ConfigureAwait(false);
    }

    /// <summary>Finds an address's name as getnameinfo does: /etc/hosts, then the name servers of /etc/resolv.conf.</summary>
    /// <param name="address">The address.</param>
    /// <returns>Null: it has none.</returns>
    internal async Task<string?> LookUpNameAsync(Ipv4Address address)
    {
        if (FindName(address) is { } known)
            return known;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(Cancellation, Namespace.Closed);
        return await NameServers().FindNameAsync(address, either.Token).ConfigureAwait(false);
    }

    /// <summary>The name servers of /etc/resolv.conf as it is now.</summary>
    internal Resolver NameServers() => new(new DnsExchange(Namespace, Time), ReadResolverSettings());

    /// <summary>What /etc/resolv.conf says now.</summary>
    internal ResolverSettings ReadResolverSettings()
    {
        const string file = "/etc/resolv.conf";
        if (!Files.TryStat(file, out FileStatus status) || status.IsDirectory)
            return new ResolverSettings();
        using var reader = new StreamReader(Files.OpenRead(file), Encoding.UTF8);
        return ResolverSettings.Parse(reader.ReadToEnd());
    }

    /// <summary>Finds an address's name as getnameinfo does where only /etc/hosts answers: the first name on its line, or null.</summary>
    /// <param name="address">The address.</param>
    public string? FindName(Ipv4Address address)
    {
        foreach (string[] words in ReadHostsFile())
        {
            if (words.Length > 1 && Ipv4Address.TryParse(words[0], out Ipv4Address found) && found == address)
                return words[1];
        }

        return null;
    }

    private bool TryFindInHostsFile(string host, out Ipv4Address address)
    {
        address = default;
        foreach (string[] words in ReadHostsFile())
        {
            if (words.Skip(1).Contains(host, StringComparer.OrdinalIgnoreCase) && Ipv4Address.TryParse(words[0], out address))
                return true;
        }

        return false;
    }

    // hosts(5): an address, then its names; what stands behind # is a comment.
    private IEnumerable<string[]> ReadHostsFile()
    {
        const string file = "/etc/hosts";
        if (!Files.TryStat(file, out FileStatus status) || status.IsDirectory)
            yield break;
        using var reader = new StreamReader(Files.OpenRead(file), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
            yield return line.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Opens a file to read; the names of the standard streams stand for them.</summary>
    /// <param name="path">Path.</param>
    /// <exception cref="FileException">It cannot be opened.</exception>
    public Stream OpenRead(string path) => path == "/dev/stdin" ? Input : Files.OpenRead(FileTree.Join(WorkingDirectory, path));

    /// <summary>Opens a file to write; the names of the standard streams stand for them.</summary>
    /// <param name="path">Path.</param>
    /// <param name="mode">Where to write.</param>
    /// <exception cref="FileException">It cannot be opened.</exception>
    public Stream OpenWrite(string path, FileWriteMode mode) => path switch
    {
        "/dev/stdout" => Output,
        "/dev/stderr" => Error,
        _ => Files.OpenWrite(FileTree.Join(WorkingDirectory, path), mode),
    };

    /// <summary>Reads a whole file as text.</summary>
    /// <param name="path">Path.</param>
    /// <exception cref="FileException">It cannot be read, or is too long.</exception>
    public async Task<string> ReadTextAsync(string path)
    {
        Stream stream = OpenRead(path);
        await using (stream.ConfigureAwait(false))
        {
            var text = new MemoryStream();
            byte[] buffer = new byte[4096];
            int read;
            while ((read = await stream.ReadAsync(buffer, Cancellation).ConfigureAwait(false)) > 0)
            {
                if (text.Length + read > MaxText)
                    throw new FileException("File too large");
                text.Write(buffer, 0, read);
            }

            return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
    }

    /// <summary>What a program is given that another starts.</summary>
    internal ProgramContext ForChild(
        Stream input, Stream output, Stream error, IReadOnlyDictionary<string, string> environment, string workingDirectory, string? host, CancellationToken cancellation) => new()
        {
            Input = input,
            Output = output,
            Error = error,
            Terminal = Terminal,
            Namespace = Namespace,
            Http = Http,
            Time = Time,
            HostName = HostName,
            Environment = environment,
            Hosts = Hosts,
            Devices = Devices,
            Files = Files,
            WorkingDirectory = workingDirectory,
            Control = Control,
            Host = host,
            Cancellation = cancellation,
        };

    /// <summary>Waits until the program is cancelled.</summary>
    public async Task WaitForCancellationAsync()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration cancelled = Cancellation.Register(() => stopped.TrySetResult());
        using CancellationTokenRegistration closed = Namespace.Closed.Register(() => stopped.TrySetResult());
        await stopped.Task.ConfigureAwait(false);
    }
}
