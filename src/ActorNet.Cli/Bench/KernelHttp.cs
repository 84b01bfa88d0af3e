using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using ActorNet.Packets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorNet.Cli.Bench;

/// <summary>The HTTP load over the kernel's sockets.</summary>
[SupportedOSPlatform("linux")]
internal static class KernelHttp
{
    /// <summary>Has Kestrel answer on every address; the caller disposes it.</summary>
    /// <param name="port">Port.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<WebApplication> ServeAsync(int port, CancellationToken ct)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.ListenAnyIP(port);
        });
        // What is accepted inherits the listener's congestion control.
        builder.WebHost.UseSockets(options => options.CreateBoundListenSocket = endpoint =>
        {
            Socket listener = KernelTcp.Open();
            listener.Bind(new IPEndPoint(IPAddress.Any, ((IPEndPoint)endpoint).Port));
            return listener;
        });
        WebApplication application = builder.Build();
        application.Run(HttpLoad.AnswerAsync);
        await application.StartAsync(ct).ConfigureAwait(false);
        return application;
    }

    /// <summary>Asks for a time.</summary>
    /// <param name="to">Address of the server.</param>
    /// <param name="port">Its port.</param>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    public static Task<BenchHttpSent> SendAsync(Ipv4Address to, int port, TimeSpan duration, CancellationToken ct)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
        };
        return HttpLoad.RunAsync(handler, new Uri($"http://{to}:{port}/"), duration, ct);
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        Socket socket = KernelTcp.Open();
        socket.NoDelay = true;
        await socket.ConnectAsync(context.DnsEndPoint, ct).ConfigureAwait(false);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
