using System.Diagnostics;
using ActorNet.Cluster.Stores.Etcd;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Interop.Tests.Stores;

/// <summary>Debian's etcd on loopback, with a directory of its own; it ends with this object.</summary>
public sealed class EtcdServer : IAsyncDisposable
{
    // Two ports that were free a moment ago may be somebody else's by now.
    private const int Tries = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory;
    private readonly Process _process;

    private EtcdServer(string directory, Process process, Uri address) => (_directory, _process, Address) = (directory, process, address);

    /// <summary>Where clients ask it.</summary>
    public Uri Address { get; }

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<EtcdServer> StartAsync(params string[] more)
    {
        Need.Tool("etcd");
        for (int i = 1; ; i++)
        {
            EtcdServer server = Launch(more);
            try
            {
                await server.AnswersAsync();
                return server;
            }
            catch (InvalidOperationException) when (i < Tries)
            {
                await server.DisposeAsync();
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static EtcdServer Launch(string[] more)
    {
        string directory = Directory.CreateTempSubdirectory("ane-").FullName;
        (string clients, string peers) = ($"http://127.0.0.1:{FreePort.OnLoopback()}", $"http://127.0.0.1:{FreePort.OnLoopback()}");
        Process process = ProcessRunner.Start(
        [
            "etcd", "--data-dir", Path.Combine(directory, "data"), "--name", "one", "--logger", "zap", "--log-level", "error", "--log-outputs", Path.Combine(directory, "log"),
            "--listen-client-urls", clients, "--advertise-client-urls", clients,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", $"one={peers}", .. more,
        ]);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new EtcdServer(directory, process, new Uri(clients));
    }

    private async Task AnswersAsync()
    {
        await using var store = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = Address });
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await store.CheckAsync(CancellationToken.None);
                return;
            }
            catch (StoreException) when (Stopwatch.GetElapsedTime(start) < Patience)
            {
                if (_process.HasExited)
                    throw new InvalidOperationException($"etcd ended with {_process.ExitCode}: {Log()}");
                await Task.Delay(50);
            }
        }
    }

    private string Log() => File.Exists(Path.Combine(_directory, "log")) ? File.ReadAllText(Path.Combine(_directory, "log")) : "no log";
}

/// <summary>One etcd for all tests of a class, started when the first asks for it: what a machine lacks is said in a test.</summary>
public sealed class EtcdFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private EtcdServer? _server;

    public async Task<EtcdServer> GetAsync()
    {
        await _starting.WaitAsync();
        try
        {
            return _server ??= await EtcdServer.StartAsync();
        }
        finally
        {
            _starting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _starting.Dispose();
    }
}
