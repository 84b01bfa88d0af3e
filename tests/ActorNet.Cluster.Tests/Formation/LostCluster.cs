using ActorNet.Cluster.Formation;

namespace ActorNet.Cluster.Tests.Formation;

/// <summary>Hosts of a cluster that all have lost, on simulated time: each asks the others now and then and does what <see cref="ClusterSearch"/> says.</summary>
internal sealed class LostCluster
{
    private readonly Random _random;
    private readonly Host[] _hosts;
    private readonly bool[,] _cut;
    private readonly int _store;
    private readonly SimulatedClock _clock = new();

    /// <summary>A cluster that was lost in a random way.</summary>
    public LostCluster(Random random)
    {
        _random = random;
        int count = random.Next(3, 6);
        // No disk; or one, three or five.
        _store = random.Next(3) switch { 0 => 0, 1 => 1, _ => count >= 5 ? 5 : 3 };
        // One of them may be the one with --init, whose process has just begun.
        int first = random.Next(2) == 0 ? random.Next(count) : -1;
        _hosts = [.. Enumerable.Range(0, count).Select(i => new Host(new ControlEndpoint($"10.0.0.{i + 1}", 7946), i == first, i != first && random.Next(5) > 0, random.Next(6) == 0, random.Next(4) == 0 ? random.Next(1, 4) : 0, _clock))];
        _cut = new bool[count, count];
        if (random.Next(2) == 0)
            CutSome();
    }

    public bool LinksChange { get; init; }

    public List<(int Host, TimeSpan At)> Formed { get; } = [];

    /// <summary>Who has --init needs no majority: where a cut hides the others from it, it forms beside them.</summary>
    public bool MayBeTwo => Alive.Any(static host => host.MayForm) && (LinksChange || _cut.Cast<bool>().Any(static cut => cut));

    public bool AllAreIn => Alive.All(static host => host.IsUp);

    /// <summary>
    /// Every living host sees every other, a majority of those that decide lives, and one of them may begin: it has been in the cluster or has --init, or
    /// there are so many hosts that no cluster can be with those that are silent.
    /// </summary>
    public bool CanForm => !_cut.Cast<bool>().Any(static cut => cut) && 2 * Electors.Count(static host => !host.IsDead) > Electors.Length
        && (Alive.Any(static host => host.Returns || host.MayForm) || 2 * Alive.Count() > _hosts.Length);

    private IEnumerable<Host> Alive => _hosts.Where(static host => !host.IsDead);

    private Host[] Electors => _store == 0 ? _hosts : _hosts[.._store];

    public void Run(TimeSpan length)
    {
        while (_clock.Now < length)
        {
            Host? next = Alive.MinBy(static host => host.Due);
            if (next is null)
                return;
            _clock.Now = next.Due;
            // A round takes between a moment and as long as a silent host is waited for.
            next.Due += TimeSpan.FromMilliseconds(_random.Next(250, 2000));
            if (LinksChange && _random.Next(10) == 0)
                CutSome();
            if (next.UpFrom is null)
                Look(next);
            else if (_clock.Now >= next.UpFrom)
                next.IsUp = true;
        }
    }

    private void CutSome()
    {
        for (int i = 0; i < _hosts.Length; i++)
        {
            for (int j = 0; j < i; j++)
                _cut[i, j] = _cut[j, i] = _random.Next(3) == 0;
        }
    }

    private void Look(Host host)
    {
        Dictionary<ControlEndpoint, PeerView> views = _hosts.Where(each => each != host).ToDictionary(static each => each.At, each => View(host, each));
        StoreStanding? store = _store == 0 ? null
            : new StoreStanding(_store, Array.IndexOf(_hosts, host) < _store, [.. host.Returns ? Electors.Where(each => each != host).Select(static each => each.At) : []], LeadsTerm(host), 9)
            {
                Member = Electors.Contains(host) ? NameOf(host) : "",
                Members = [.. Electors.Select(NameOf)],
            };
        switch (host.Search.Next(views, store, _clock.Now))
        {
            case SearchStep.Join join:
                ControlEndpoint member = host.Promise.Holder is { } holder && join.Members.Contains(holder) ? holder : join.Members[0];
                if (host.Promise.TryGive(member))
                    GoIn(host);
                break;
            case SearchStep.Claim claim:
                int grants = !host.Promise.TryGiveToForm(host.At) ? -1 : _hosts.Count(each => claim.Electors.Contains(each.At) && IsSeen(host, each) && each.UpFrom is null && each.Promise.TryGiveToForm(host.At));
                if (grants < claim.Needed)
                {
                    host.Promise.TakeBack(host.At);
                    break;
                }

                Formed.Add((Array.IndexOf(_hosts, host), _clock.Now));
                GoIn(host);
                break;
            case SearchStep.Form when host.Promise.TryGive(host.At):
                Host[] heard = [.. _hosts.Where(each => each != host && IsSeen(host, each))];
                foreach (Host each in heard.Where(static each => each.UpFrom is null))
                    each.Promise.TryGiveToForm(host.At);
                if (heard.Any(each => IsPromised(each, host)))
                {
                    host.Promise.TakeBack(host.At);
                    break;
                }

                Formed.Add((Array.IndexOf(_hosts, host), _clock.Now));
                GoIn(host);
                break;
        }
    }

    private bool IsPromised(Host asked, Host asker) => asked.UpFrom is not null || asked.Promise.IsOfAnother(asker.At);

    private void GoIn(Host host) => host.UpFrom = _clock.Now + TimeSpan.FromMilliseconds(_random.Next(50, 1000));

    private PeerView View(Host host, Host other) => other.IsDead && _random.Next(2) == 0 ? new PeerView(PeerState.Refuses)
        : !IsSeen(host, other) ? new PeerView(PeerState.Silent)
        : new PeerView(other.IsUp ? PeerState.Member : PeerState.Outside, other.Returns, LeadsTerm(other), _store > 0 && Electors.Contains(other) ? NameOf(other) : "");

    private static string NameOf(Host host) => $"{host.At.Host}-1";

    private bool IsSeen(Host host, Host other) => !other.IsDead && !_cut[Array.IndexOf(_hosts, host), Array.IndexOf(_hosts, other)];

    private long LeadsTerm(Host host) => host.Returns && Electors.Contains(host) && _store > 0 ? host.Term : 0;

    /// <summary>A host's process: whether it has --init, whether it has been in the cluster, whether it is dead, and the term in which its disk believes to lead.</summary>
    private sealed class Host(ControlEndpoint at, bool mayForm, bool returns, bool isDead, long term, TimeProvider clock)
    {
        public ControlEndpoint At => at;

        public bool MayForm => mayForm;

        public bool Returns => returns;

        public bool IsDead => isDead;

        public long Term => term;

        public ClusterSearch Search { get; } = new(at, mayForm, returns, wasMember: true);

        public FormationPromise Promise { get; } = new(clock);

        public TimeSpan Due { get; set; }

        public TimeSpan? UpFrom { get; set; }

        public bool IsUp { get; set; }
    }
}
