using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>Debian's etcd on loopback, with a directory below the lab's. It ends with this object.</summary>
internal sealed class EtcdProcess : TalkingProcess
{
    private EtcdProcess(ProcessStartInfo start, Uri address)
        : base(start) => Address = address;

    /// <summary>Where clients ask it.</summary>
    public Uri Address { get; }

    /// <summary>Starts one and waits until it leads, as its own /health says (etcd, server/etcdserver/api/etcdhttp/health.go).</summary>
    public static async Task<EtcdProcess> StartAsync(Lab lab, LabPlace at)
    {
        Need.Tool("etcd", "etcd-server");
        string clients = $"http://{at.Address}:{at.ApiPort}", peers = $"http://{at.Address}:{at.ControlPort}";
        var start = new ProcessStartInfo("etcd",
        [
            "--data-dir", Path.Combine(lab.Root, "etcd"), "--name", "one", "--logger", "zap", "--log-level", "error", "--log-outputs", "stderr",
            "--listen-client-urls", clients, "--advertise-client-urls", clients,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", $"one={peers}",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var etcd = new EtcdProcess(start, new Uri(clients));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await Lab.UntilAsync(() => etcd.HealthAsync(http), static health => health.Contains("\"true\"", StringComparison.Ordinal), "etcd leads");
        return etcd;
    }

    private async Task<string> HealthAsync(HttpClient http)
    {
        Assert.False(HasExited, Said);
        try
        {
            return await http.GetStringAsync(new Uri(Address, "health"), TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException silent)
        {
            return silent.Message;
        }
    }
}
