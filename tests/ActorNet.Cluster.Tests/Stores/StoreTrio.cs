using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Peers;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>A store of three members in one process, over real TLS on loopback, each with control links of its own.</summary>
internal sealed class StoreTrio : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // A member that comes back needs its port: at an address that only this trio has, nobody takes it meanwhile.
    private readonly IPAddress _loopback = new([127, (byte)Random.Shared.Next(20, 250), (byte)Random.Shared.Next(250), 1]);
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actornet-stores-");
    private readonly Dictionary<string, Member> _members = [];
    private readonly CertificateAuthority _authority = CertificateAuthority.Create(TimeProvider.System);

    public RaftObjectStore this[string name] => _members[name].Store ?? throw new InvalidOperationException($"{name} does not run");

    public IPEndPoint AddressOf(string name) => _members[name].Address;

    /// <summary>A certificate of the trio's own authority.</summary>
    public LiveCredentials CredentialsOf(string name) => CredentialsOf(_authority, name);

    public static LiveCredentials CredentialsOf(CertificateAuthority authority, string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new LiveCredentials(HostCredentials.Of(authority.Certificate, authority.SignHost(new PublicKey(key), new HostNames(name, [])), key));
    }

    public ControlLinks LinksOf(string name) => _members[name].Links;

    /// <summary>Halts a member's log where the library writes a message, see <see cref="LogHalts"/>.</summary>
    public LogHalts HaltsOf(string name) => _members[name].Halts;

    public IEnumerable<string> Running => _members.Where(each => each.Value.Store is not null).Select(each => each.Key);

    public static async Task<StoreTrio> StartAsync(params string[] names)
    {
        var trio = new StoreTrio();
        await trio.StartMemberAsync(names[0], mayForm: true);
        foreach (string name in names[1..])
        {
            await trio.StartMemberAsync(name);
            await trio.AddAsync(name);
        }

        return trio;
    }

    public async Task StartMemberAsync(string name, bool mayForm = false)
    {
        if (!_members.TryGetValue(name, out Member? member))
            _members[name] = member = new Member(new IPEndPoint(_loopback, FreePort.On(_loopback)), CredentialsOf(_authority, name));
        member.Store = await RaftObjectStore.StartAsync(new RaftStoreOptions
        {
            Directory = Path.Combine(_root.FullName, name),
            Name = name,
            MayForm = mayForm,
            // Long enough for a machine with much else to do: nobody is elected but where a test makes it so.
            ElectionTimeout = TimeSpan.FromSeconds(1),
            StartLimit = Patience,
            RequestLimit = Patience,
            Logging = member.Halts,
        }, new StorePeerOptions { Listen = member.Address, Find = Find, Links = member.Links, Credentials = member.Credentials });
    }

    public async Task AddAsync(string name) => await OfLeaderAsync(leader => leader.AddMemberAsync(name));

    public async Task RemoveAsync(string name) => await OfLeaderAsync(leader => leader.RemoveMemberAsync(name));

    public async Task StopAsync(string name)
    {
        await this[name].DisposeAsync();
        _members[name].Store = null;
    }

    public void Cut(string one, string other)
    {
        LinksOf(one).Cut(Control(other).ToString());
        LinksOf(other).Cut(Control(one).ToString());
    }

    public void HealAll()
    {
        foreach (Member member in _members.Values)
            member.Links.Clear();
    }

    public async Task<string> LeaderAsync(params string[] among)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            string[] leaders = [.. Running.Where(name => (among.Length == 0 || among.Contains(name)) && this[name].IsLeader)];
            if (leaders.Length == 1)
                return leaders[0];
            await Task.Delay(10, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Member member in _members.Values)
            member.Halts.Dispose();
        foreach (string name in Running.ToArray())
            await this[name].DisposeAsync();
        foreach (Member member in _members.Values)
            member.Credentials.Dispose();
        _authority.Dispose();
        _root.Delete(recursive: true);
    }

    private async Task OfLeaderAsync(Func<RaftObjectStore, Task> request)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await request(this[await LeaderAsync()]);
                return;
            }
            catch (StoreUnavailableException) when (!patience.IsCancellationRequested)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    private static ControlEndpoint Control(string name) => new(name, 7946);

    private StorePeer? Find(string name) => _members.TryGetValue(name, out Member? member) ? new StorePeer(name, Control(name), member.Address) : null;

    private sealed class Member(IPEndPoint address, LiveCredentials credentials)
    {
        public IPEndPoint Address { get; } = address;

        public LiveCredentials Credentials { get; } = credentials;

        public ControlLinks Links { get; } = new();

        public LogHalts Halts { get; } = new();

        public RaftObjectStore? Store { get; set; }
    }
}
