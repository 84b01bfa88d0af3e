namespace ActorNet.Interop.Tests.Inspection;

/// <summary>
/// What a running host's tools print of its own objects, against what the real tools print of a kernel node with the same devices and
/// entries. Names, indexes, MAC addresses, MTUs, flags, routes, neighbours, forwarding entries and their order are compared as they stand;
/// <see cref="Listing"/> says what is set aside and why.
/// </summary>
public sealed class OwnObjectsTests(NodeTwins twins) : IClassFixture<NodeTwins>
{
    public static TheoryData<string> NodeListings =>
    [
        "ip addr", "ip -4 addr show dev cni0", "ip -br addr", "ip link", "ip -d link", "ip -s -d link", "ip link show master cni0", "ip link show type vxlan",
        "ip route", "ip route show table all", "ip route show dev flannel.1", "ip route get 10.244.9.2",
        "ip neigh", "ip neigh show dev flannel.1", "ip neigh show dev cni0", "ip neigh show nud permanent",
        "bridge fdb", "bridge fdb show", "bridge fdb show dev flannel.1", "bridge fdb show dev cni0", "bridge fdb show br cni0", "bridge fdb show dynamic",
        "bridge link", "bridge -d link", "brctl show", "brctl showmacs cni0", "brctl showstp cni0",
        "arp -n", "arp -an", "ifconfig", "ifconfig -a", "ifconfig flannel.1", "route -n",
    ];

    public static TheoryData<string, string> PodListings
    {
        get
        {
            var listings = new TheoryData<string, string>();
            foreach (string pod in new[] { "a", "b" })
            {
                foreach (string command in new[] { "ip addr", "ip -s -d link", "ip route", "ip route show table all", "ip neigh", "bridge fdb", "bridge link", "brctl show", "arp -n", "ifconfig", "route -n" })
                    listings.Add(pod, command);
            }

            return listings;
        }
    }

    [Theory]
    [MemberData(nameof(NodeListings))]
    public Task A_nodes_own_objects_are_listed_as_its_kernel_twins(string command) => AssertSameAsync("node", command);

    [Theory]
    [MemberData(nameof(PodListings))]
    public Task A_pods_own_objects_are_listed_as_its_kernel_twins(string pod, string command) => AssertSameAsync(pod, command);

    private async Task AssertSameAsync(string place, string command)
    {
        string[] words = command.Split(' ');
        CommandResult ours = await twins.OursAsync(place, words);
        CommandResult kernels = await twins.TwinsAsync(place, words);

        string expected = Listing.WithoutOtherGroups(Text(kernels, words));
        Assert.Equal(place == "node" ? Listing.WithCardForUnderlay(expected) : expected, Text(ours, words));
    }

    private static string Text(CommandResult result, string[] words)
    {
        string what = words.Skip(1).FirstOrDefault(word => !word.StartsWith('-')) ?? "";
        return $"exit {result.ExitCode}\n{Listing.Comparable(words[0], what, result.Output)}--- stderr\n{result.Error}";
    }
}
