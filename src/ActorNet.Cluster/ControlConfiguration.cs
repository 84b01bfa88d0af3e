using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Serialization;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Remote.Transport.DotNetty;

namespace ActorNet.Cluster;

/// <summary>All HOCON of a control system, and the only place that knows the transport under it.</summary>
internal static class ControlConfiguration
{
    /// <summary>Name of every control ActorSystem: part of Akka addresses, so the same everywhere.</summary>
    internal const string SystemName = "control";

    /// <summary>Akka drops larger messages with a log line only; ours are refused at <see cref="WireLimits.MaximumMessageBytes"/>.</summary>
    private const int FrameBytes = 128_000;

    public static ActorSystemSetup Setup(ControlOptions options, ControlLinks links)
    {
        ActorSystemSetup setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(Config(options)), new ControlLinksSetup(links));
        return options.Tls is { } tls ? setup.And(Mutual(tls)) : setup;
    }

    public static string Scheme(ControlOptions options) => options.Tls is null ? "akka.links.tcp" : "akka.links.ssl.tcp";

    public static Address AddressOf(ControlOptions options, ControlEndpoint endpoint) =>
        new(Scheme(options), SystemName, endpoint.Host, endpoint.Port);

    private static Config Config(ControlOptions options) => ConfigurationFactory.ParseString(options.Overrides).WithFallback(ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
        akka {
          # Warnings and errors go to ControlOptions.Log through the event stream; nothing is printed here.
          loglevel = WARNING
          stdout-loglevel = OFF
          loggers = []
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          actor {
            provider = cluster
            serializers {
              actornet-wire = "{{Name<WireSerializer>()}}"
              actornet-order = "{{Name<FaultOrderSerializer>()}}"
            }
            serialization-bindings {
              "{{Name<IWireMessage>()}}" = actornet-wire
              "{{Name<IFaultOrder>()}}" = actornet-order
            }
            # A type that nobody registered is refused at send time instead of going out as JSON with a type name.
            serialization-settings.allow-unregistered-types = off
          }
          remote {
            adapters.links = "{{Name<LinkTransportProvider>()}}"
            log-frame-size-exceeding = 100000b
            dot-netty.tcp {
              applied-adapters = ["links"]
              hostname = "{{options.BindAddress}}"
              public-hostname = "{{options.AdvertisedHost}}"
              port = {{options.Port}}
              maximum-frame-size = {{FrameBytes}}b
              enable-ssl = {{(options.Tls is null ? "off" : "on")}}
              # On: .NET would set SO_REUSEPORT too, and two processes could share one port without an error.
              tcp-reuse-addr = off
              # For links that are opened; LinkBuffers says why, and sees to those that are accepted.
              enable-pooling = off
            }
          }
          cluster {
            roles = [{{string.Join(", ", options.Roles.Append(ControlRoles.HostPrefix + options.HostName).Append(string.Create(CultureInfo.InvariantCulture, $"{ControlRoles.ProcessPrefix}{Environment.ProcessId}")).Select(role => $"\"{role}\""))}}]
            app-version = "{{options.Release}}"
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            split-brain-resolver {
              active-strategy = keep-majority
              keep-majority.role = "{{ControlRoles.Store}}"
            }
            run-coordinated-shutdown-when-down = on
            # WeaklyUp would let a host work beside a majority that has not agreed to it.
            allow-weakly-up-members = off
            log-info = off
            singleton.role = "{{ControlRoles.Store}}"
            singleton-proxy {
              role = "{{ControlRoles.Store}}"
              # Requests carry ids and are retried: a buffer would only deliver old ones late.
              buffer-size = 0
              log-singleton-identification-failure = off
            }
          }
          coordinated-shutdown {
            # The process lives on without control: only this system ends.
            exit-clr = off
            run-by-clr-shutdown-hook = off
            # Leaving is ControlSystem.StopAsync; a bare Terminate is for a host that never joined.
            run-by-actor-system-terminate = off
            terminate-actor-system = on
            phases {
              cluster-exiting.timeout = 5s
              actor-system-terminate.timeout = 5s
            }
          }
        }
        """))).WithFallback(Timings(options.Profile)).WithFallback(Akka.Cluster.Tools.Singleton.ClusterSingleton.DefaultConfig())
             .WithFallback(Akka.Cluster.Tools.PublishSubscribe.DistributedPubSub.DefaultConfig());

    /// <summary>The timings of a profile; what is not named keeps Akka's default.</summary>
    private static Config Timings(ControlProfile profile) => ConfigurationFactory.ParseString(profile switch
    {
        // Detection about 2.3 s, a killed singleton host's successor about 4.8 s (facts, akka-net section 1, fast lab).
        ControlProfile.Lab => """
            # The wheel turns for as long as the host lives: at Akka's 10 ms it alone costs over 1 % of a core. No timing here is finer than 200 ms.
            akka.scheduler.tick-duration = 50ms
            akka.remote {
              retry-gate-closed-for = 500ms
              # A handshake lost in a cut is given up soon after the cut heals. With DotNetty this is the handshake's limit, and akka.remote.handshake-timeout
              # is not read (akka.net src/core/Akka.Remote/AkkaProtocolSettings.cs).
              dot-netty.tcp.connection-timeout = 5s
            }
            akka.cluster {
              gossip-interval = 200ms
              leader-actions-interval = 200ms
              unreachable-nodes-reaper-interval = 200ms
              periodic-tasks-initial-delay = 200ms
              retry-unsuccessful-join-after = 1s
              seed-node-timeout = 2s
              down-removal-margin = 200ms
              failure-detector {
                heartbeat-interval = 300ms
                acceptable-heartbeat-pause = 1500ms
              }
              split-brain-resolver {
                stable-after = 1s
                down-all-when-unstable = 8s
              }
              singleton.hand-over-retry-interval = 200ms
              singleton-proxy.singleton-identification-interval = 300ms
              pub-sub.gossip-interval = 200ms
            }
            """,
        _ => """
            akka.scheduler.tick-duration = 100ms
            akka.remote {
              retry-gate-closed-for = 2s
              dot-netty.tcp.connection-timeout = 10s
            }
            akka.cluster {
              gossip-interval = 500ms
              leader-actions-interval = 500ms
              unreachable-nodes-reaper-interval = 500ms
              retry-unsuccessful-join-after = 3s
              seed-node-timeout = 5s
              down-removal-margin = 3s
              failure-detector {
                heartbeat-interval = 1s
                acceptable-heartbeat-pause = 5s
              }
              split-brain-resolver {
                stable-after = 10s
                down-all-when-unstable = 15s
              }
              singleton.hand-over-retry-interval = 500ms
              singleton-proxy.singleton-identification-interval = 500ms
              pub-sub.gossip-interval = 500ms
            }
            """,
    });

    /// <summary>Both ends show a node's certificate of the cluster's own authority, never a user's; the machine's trust store plays no part.</summary>
    private static DotNettySslSetup Mutual(ControlTls tls) => new(
        tls.Certificate,
        suppressValidation: false,
        requireMutualAuthentication: true,
        (certificate, _, _, errors, _) => certificate is not null && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) && IssuedBy(tls.Authority, certificate));

    private static bool IssuedBy(X509Certificate2 authority, X509Certificate2 certificate)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return HostNames.IsNode(certificate) && chain.Build(certificate);
    }

    /// <summary>Type name with the simple assembly name. Without a space: Akka.Remote reads an adapter's name with its quotes when there is one.</summary>
    private static string Name<T>() => $"{typeof(T).FullName},{typeof(T).Assembly.GetName().Name}";
}
