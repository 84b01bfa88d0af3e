using System.Collections.Immutable;
using System.Text;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>What is in a volume (kubernetes pkg/volume/configmap/configmap_test.go TestMakePayload, secret_test.go, downwardapi_test.go, projected_test.go).</summary>
public sealed class VolumeContentsTests
{
    private static readonly PodObjects Objects = new()
    {
        ConfigMaps = ImmutableDictionary<string, V1ConfigMap>.Empty.Add("map", new V1ConfigMap
        {
            Data = new Dictionary<string, string> { ["foo"] = "foo", ["bar"] = "bar" },
            BinaryData = new Dictionary<string, byte[]> { ["raw"] = [0, 255] },
        }),
        Secrets = ImmutableDictionary<string, V1Secret>.Empty.Add("secret", new V1Secret { Data = new Dictionary<string, byte[]> { ["pass"] = Encoding.UTF8.GetBytes("s3cr3t") } }),
        Tokens = [new PodToken("", 3600, "eyJ", null), new PodToken("vault", 3600, null, "serviceaccounts \"robot\" not found")],
    };

    [Fact]
    public void No_items_means_every_key()
    {
        VolumeContent content = Make(new V1Volume { ConfigMap = new V1ConfigMapVolumeSource { Name = "map", DefaultMode = 0b110_000_000 } });
        Assert.Equal(["bar 600 bar", "foo 600 foo"], Text(content).Take(2));
        Assert.Equal([0, 255], content.Files!["raw"].Bytes);
        Assert.False(content.IsWritable);
    }

    [Fact]
    public void Items_choose_keys_paths_and_modes()
    {
        V1Volume volume = new() { ConfigMap = new V1ConfigMapVolumeSource { Name = "map", Items = [new V1KeyToPath { Key = "foo", Path = "path/to/foo.txt", Mode = 0b111_101_101 }, new V1KeyToPath { Key = "bar", Path = "bar.bin" }] } };
        Assert.Equal(["bar.bin 644 bar", "path/to/foo.txt 755 foo"], Text(Make(volume)));
    }

    [Theory]
    [InlineData("gone", null, "foo", "configmap \"gone\" not found")]
    [InlineData("gone", true, "foo", null)]
    [InlineData("map", null, "none", "references non-existent config key: none")]
    [InlineData("map", true, "none", null)]
    public void What_is_missing_fails_unless_it_is_optional(string name, bool? optional, string key, string? message)
    {
        V1Volume volume = new() { ConfigMap = new V1ConfigMapVolumeSource { Name = name, Optional = optional, Items = [new V1KeyToPath { Key = key, Path = "x" }] } };
        if (message is null)
            Assert.Empty(Make(volume).Files!);
        else
            Assert.Equal(message, Assert.Throws<VolumeException>(() => Make(volume)).Message);
    }

    [Fact]
    public void A_projected_volume_has_all_of_its_sources()
    {
        V1Volume volume = new()
        {
            Projected = new V1ProjectedVolumeSource
            {
                DefaultMode = 0b100_000_000,
                Sources =
                [
                    new V1VolumeProjection { ConfigMap = new V1ConfigMapProjection { Name = "map", Items = [new V1KeyToPath { Key = "foo", Path = "foo" }] } },
                    new V1VolumeProjection { Secret = new V1SecretProjection { Name = "secret" } },
                    new V1VolumeProjection
                    {
                        DownwardAPI = new V1DownwardAPIProjection
                        {
                            Items =
                            [
                                new V1DownwardAPIVolumeFile { Path = "labels", FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.labels" } },
                                new V1DownwardAPIVolumeFile { Path = "cpu", ResourceFieldRef = new V1ResourceFieldSelector { ContainerName = "c", Resource = "limits.cpu", Divisor = new ResourceQuantity("1m") } },
                            ],
                        },
                    },
                    new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token" } },
                ],
            },
        };
        Assert.Equal(["cpu 400 500", "foo 400 foo", "labels 400 app=\"web\"\nquote=\"a\\\"b\\nc\"\n", "pass 400 s3cr3t", "token 400 eyJ"], Text(Make(volume)));
    }

    [Fact]
    public void A_token_that_there_is_none_of_is_told_with_the_reason()
    {
        var volume = new V1Volume { Projected = new V1ProjectedVolumeSource { Sources = [new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token", Audience = "vault" } }] } };
        Assert.Equal("failed to fetch token: serviceaccounts \"robot\" not found", Assert.Throws<VolumeException>(() => Make(volume)).Message);
    }

    [Fact]
    public void An_empty_dir_is_the_containers_own_and_what_is_not_emulated_is_refused()
    {
        Assert.True(Make(new V1Volume { EmptyDir = new V1EmptyDirVolumeSource() }).IsWritable);
        Assert.Contains("not emulated", Assert.Throws<VolumeException>(() => Make(new V1Volume { HostPath = new V1HostPathVolumeSource { Path = "/" } })).Message, StringComparison.Ordinal);
        Assert.Throws<VolumeException>(() => Make(new V1Volume { ConfigMap = new V1ConfigMapVolumeSource { Name = "map", Items = [new V1KeyToPath { Key = "foo", Path = "../x" }] } }));
    }

    private static VolumeContent Make(V1Volume volume)
    {
        volume.Name = "v";
        var container = new V1Container { Name = "c", Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("500m") } } };
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Labels = new Dictionary<string, string> { ["quote"] = "a\"b\nc", ["app"] = "web" } },
            Spec = new V1PodSpec { Containers = [container] },
        };
        return VolumeContents.Make(pod, volume, Objects, new PodPlace("n1", "192.168.56.11", null, new KubeletSettings()));
    }

    private static IEnumerable<string> Text(VolumeContent content) => content.Files!.Select(static f => $"{f.Key} {Convert.ToString(f.Value.Mode, 8)} {Encoding.UTF8.GetString(f.Value.Bytes.AsSpan())}");
}
