using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cli.Host;

/// <summary>
/// The cluster's DNS as kubeadm installs it (kubernetes cmd/kubeadm/app/phases/addons/dns/manifests.go): service account, Corefile, two coredns
/// pods and the Service kube-dns. Without roles, metrics and a server outside to forward to: names outside the cluster do not exist. The
/// readiness probe comes every two seconds instead of every ten.
/// </summary>
internal static class DnsAddon
{
    private const string Space = "kube-system";

    private static readonly (string Group, string Kind, string Json)[] Objects =
    [
        ("", "ServiceAccount", """{"metadata":{"name":"coredns"}}"""),
        ("", "ConfigMap", """
            {"metadata":{"name":"coredns"},"data":{"Corefile":".:53 {\n    errors\n    health\n    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n       ttl 30\n    }\n    template IN ANY . {\n       rcode NXDOMAIN\n    }\n}\n"}}
            """),
        ("", "Service", """
            {"metadata":{"name":"kube-dns","labels":{"k8s-app":"kube-dns","kubernetes.io/cluster-service":"true","kubernetes.io/name":"CoreDNS"}},
             "spec":{"clusterIP":"10.96.0.10","selector":{"k8s-app":"kube-dns"},"ports":[{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":53,"protocol":"TCP"}]}}
            """),
        ("apps", "Deployment", """
            {"metadata":{"name":"coredns","labels":{"k8s-app":"kube-dns"}},
             "spec":{"replicas":2,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1}},"selector":{"matchLabels":{"k8s-app":"kube-dns"}},
              "template":{"metadata":{"labels":{"k8s-app":"kube-dns"}},
               "spec":{"serviceAccountName":"coredns","dnsPolicy":"Default","nodeSelector":{"kubernetes.io/os":"linux"},
                "tolerations":[{"key":"CriticalAddonsOnly","operator":"Exists"},{"key":"node-role.kubernetes.io/control-plane","effect":"NoSchedule"}],
                "containers":[{"name":"coredns","image":"registry.k8s.io/coredns/coredns:v1.11.3","imagePullPolicy":"IfNotPresent","args":["-conf","/etc/coredns/Corefile"],
                 "resources":{"limits":{"memory":"170Mi"},"requests":{"cpu":"100m","memory":"70Mi"}},
                 "ports":[{"name":"dns","containerPort":53,"protocol":"UDP"},{"name":"dns-tcp","containerPort":53,"protocol":"TCP"}],
                 "volumeMounts":[{"name":"config-volume","mountPath":"/etc/coredns","readOnly":true}],
                 "livenessProbe":{"httpGet":{"path":"/health","port":8080,"scheme":"HTTP"},"initialDelaySeconds":60,"timeoutSeconds":5,"successThreshold":1,"failureThreshold":5},
                 "readinessProbe":{"httpGet":{"path":"/ready","port":8181,"scheme":"HTTP"},"periodSeconds":2}}],
                "volumes":[{"name":"config-volume","configMap":{"name":"coredns","items":[{"key":"Corefile","path":"Corefile"}]}}]}}}}
            """),
    ];

    /// <summary>Makes what is missing; what is there stays as it is.</summary>
    /// <param name="client">The API.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="UsageException">The API refuses one; the message says which and why.</exception>
    public static async Task InstallAsync(IApiClient client, CancellationToken cancel)
    {
        foreach ((string group, string kind, string json) in Objects)
        {
            KindDescriptor descriptor = client.Kinds.Of(group, kind);
            JsonObject document = JsonNode.Parse(json)!.AsObject();
            (document["kind"], document["apiVersion"]) = (kind, descriptor.ApiVersion);
            document.Ensure("metadata")["namespace"] = Space;
            try
            {
                await client.CreateAsync(descriptor, Space, document, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Reason == "AlreadyExists")
            {
                // Kept from before.
            }
            catch (ApiException e)
            {
                throw new UsageException($"the cluster's DNS could not be installed: {kind} {document.Text("metadata.name")}: {e.Message}. Start the host with --dns off to leave it out.");
            }
        }
    }
}
