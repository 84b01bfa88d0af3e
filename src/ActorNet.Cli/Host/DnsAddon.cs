using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cli.Host;

/// <summary>
/// The cluster's DNS as kubeadm installs it (kubernetes cmd/kubeadm/app/phases/addons/dns/manifests.go): service account, its role, Corefile, two coredns
/// pods and the Service kube-dns. Without metrics and a server outside to forward to: names outside the cluster do not exist. The
/// readiness probe comes every second instead of every ten.
/// </summary>
/// <param name="client">The API.</param>
internal sealed class DnsAddon(IApiClient client)
{
    /// <summary>The namespace of all of it.</summary>
    public const string Space = "kube-system";

    /// <summary>The Deployment.</summary>
    public const string Name = "coredns";

    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private static readonly (string Group, string Kind, string Json)[] Objects =
    [
        ("", "ServiceAccount", """{"metadata":{"name":"coredns"}}"""),
        (RbacPolicy.Group, "ClusterRole", """
            {"metadata":{"name":"system:coredns"},"rules":[{"apiGroups":[""],"resources":["endpoints","services","pods","namespaces"],"verbs":["list","watch"]},
             {"apiGroups":["discovery.k8s.io"],"resources":["endpointslices"],"verbs":["list","watch"]}]}
            """),
        (RbacPolicy.Group, "ClusterRoleBinding", """
            {"metadata":{"name":"system:coredns"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:coredns"},
             "subjects":[{"kind":"ServiceAccount","name":"coredns","namespace":"kube-system"}]}
            """),
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
                 "readinessProbe":{"httpGet":{"path":"/ready","port":8181,"scheme":"HTTP"},"periodSeconds":1}}],
                "volumes":[{"name":"config-volume","configMap":{"name":"coredns","items":[{"key":"Corefile","path":"Corefile"}]}}]}}}}
            """),
    ];

    /// <summary>Tries until all is there. What is refused is said, each time that it is something else.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Hears what stands against it.</param>
    /// <param name="cancel">The host stops.</param>
    public async Task KeepTryingAsync(TimeProvider time, Action<string> tell, CancellationToken cancel)
    {
        string said = "";
        try
        {
            while (await InstallAsync(cancel).ConfigureAwait(false) is { } refusal)
            {
                if (refusal != said)
                    tell($"the cluster's DNS is not there yet: {refusal}; it is tried again every second. Start the host with --dns off to leave it out.");
                said = refusal;
                await Task.Delay(TryAgain, time, cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // When the host is started again it installs what is missing.
        }
    }

    /// <summary>Makes what is missing; what is there stays as it is.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <returns>What the API refused and why; null: all is there.</returns>
    public async Task<string?> InstallAsync(CancellationToken cancel)
    {
        foreach ((string group, string kind, string json) in Objects)
        {
            KindDescriptor descriptor = client.Kinds.Of(group, kind);
            JsonObject document = JsonNode.Parse(json)!.AsObject();
            (document["kind"], document["apiVersion"]) = (kind, descriptor.ApiVersion);
            string space = descriptor.IsNamespaced ? Space : "";
            if (descriptor.IsNamespaced)
                document.Ensure("metadata")["namespace"] = space;
            try
            {
                await client.CreateAsync(descriptor, space, document, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Reason == "AlreadyExists")
            {
                // Kept from before.
            }
            catch (ApiException e)
            {
                return $"{kind} {document.Text("metadata.name")} was refused: {e.Message}";
            }
        }

        return null;
    }
}
