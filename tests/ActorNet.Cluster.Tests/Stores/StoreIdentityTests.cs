using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Hosts;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>A directory that is not this host's store is refused before anything of it is used.</summary>
public sealed class StoreIdentityTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actornet-identity-");

    private string Store => Path.Combine(_root.FullName, "store");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_disk_keeps_its_name_and_an_empty_one_has_another()
    {
        var first = StoreIdentity.LoadOrCreate(Store, "n1");
        Assert.Equal("n1", StoreNames.HostOf(first.Name));
        Assert.Equal(first, StoreIdentity.LoadOrCreate(Store, "n1"));
        Directory.Delete(Store, recursive: true);
        Assert.NotEqual(first.Name, StoreIdentity.LoadOrCreate(Store, "n1").Name);
    }

    [Fact]
    public void A_disk_of_another_host_or_cluster_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(Store, "data", "log"));
        File.WriteAllText(Path.Combine(Store, "member.json"), """{ "format": 1, "name": "n1-00000000", "host": "n1" }""");
        StoreIdentity own = StoreIdentity.LoadOrCreate(Store, "n1").Of(Store, StoreIdentity.ClusterOf([1]));
        Assert.Equal(own, StoreIdentity.LoadOrCreate(Store, "n1").Of(Store, StoreIdentity.ClusterOf([1])));

        Refused(() => StoreIdentity.LoadOrCreate(Store, "n2"), "belongs to host n1");
        Refused(() => StoreIdentity.LoadOrCreate(Store, "n1").Of(Store, StoreIdentity.ClusterOf([2])), "another cluster", "another state directory");
        Assert.Equal(own, StoreIdentity.LoadOrCreate(Store, "n1"));
    }

    [Fact]
    public void A_disk_that_was_emptied_does_not_come_back_under_its_old_name()
    {
        StoreIdentity.LoadOrCreate(Store, "n1").Of(Store, StoreIdentity.ClusterOf([1]));
        Refused(() => StoreIdentity.LoadOrCreate(Store, "n1"), Path.Combine(Store, "data"), "is empty", "another member");
    }

    [Theory]
    [InlineData("{", "does not say which member")]
    [InlineData("null", "does not say which member")]
    [InlineData("""{ "format": 2, "name": "n1-00000000", "host": "n1" }""", "has format 2")]
    public void What_is_damaged_or_of_a_newer_version_is_refused(string text, string said)
    {
        Directory.CreateDirectory(Store);
        File.WriteAllText(Path.Combine(Store, "member.json"), text);
        Refused(() => StoreIdentity.LoadOrCreate(Store, "n1"), said, "member.json");
    }

    [Fact]
    public void A_directory_with_something_else_is_left_alone()
    {
        Directory.CreateDirectory(Store);
        File.WriteAllText(Path.Combine(Store, "notes.txt"), "mine");
        Refused(() => StoreIdentity.LoadOrCreate(Store, "n1"), "no store of this host's");
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(Store).Select(Path.GetFileName));
    }

    private void Refused(Func<StoreIdentity> use, params string[] said)
    {
        string message = Assert.Throws<StoreDamagedException>(use).Message;
        Assert.All([.. said, Store], each => Assert.Contains(each, message, StringComparison.Ordinal));
    }
}
