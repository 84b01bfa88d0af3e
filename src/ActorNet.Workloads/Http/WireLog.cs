namespace ActorNet.Workloads.Http;

/// <summary>
/// What passed on the connections of one HttpClient for the request under way: heads as they were, and counts. One request at a time; the
/// first bytes that leave after <see cref="Begin"/> name its connection, and what another one still receives is not looked at.
/// </summary>
internal sealed class WireLog
{
    private HeadReader _request = new();
    private HeadReader _response = new();
    private List<byte[]> _heads = [];
    private bool _isRequestHeadOver;
    private bool _isResponseHeadOver;

    /// <summary>Called with the head of a request before it leaves.</summary>
    public Func<ReadOnlyMemory<byte>, ValueTask>? HeadSending { get; init; }

    /// <summary>Called with the head of a response, interim ones included.</summary>
    public Func<ReadOnlyMemory<byte>, ValueTask>? HeadReceived { get; init; }

    /// <summary>Called with the number of bytes of a request's body that are about to leave.</summary>
    public Func<int, ValueTask>? BodySending { get; init; }

    /// <summary>The connection of the request under way, or null before it was chosen.</summary>
    public WireTap? Connection { get; private set; }

    /// <summary>Bytes of the request's head.</summary>
    public long RequestHeadBytes { get; private set; }

    /// <summary>Bytes of the request's body, with chunk lines where there are any.</summary>
    public long RequestBodyBytes { get; private set; }

    /// <summary>Bytes that came, heads included.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Heads of the response, interim ones first.</summary>
    public IReadOnlyList<byte[]> Heads => _heads;

    /// <summary>Whether what answered does not speak HTTP.</summary>
    public bool IsForeign { get; private set; }

    /// <summary>Begins a request.</summary>
    public void Begin()
    {
        (_request, _response, _heads) = (new HeadReader(), new HeadReader(), []);
        (_isRequestHeadOver, _isResponseHeadOver, IsForeign) = (false, false, false);
        (RequestHeadBytes, RequestBodyBytes, ReceivedBytes) = (0, 0, 0);
        Connection = null;
    }

    internal async ValueTask SendingAsync(WireTap connection, ReadOnlyMemory<byte> data)
    {
        Connection ??= connection;
        if (Connection != connection)
            return;
        if (!_isRequestHeadOver && _request.Take(ref data) is { } head)
        {
            _isRequestHeadOver = true;
            RequestHeadBytes = head.Length;
            if (HeadSending is not null)
                await HeadSending(head).ConfigureAwait(false);
        }

        RequestBodyBytes += data.Length;
        if (data.Length > 0 && BodySending is not null)
            await BodySending(data.Length).ConfigureAwait(false);
    }

    internal async ValueTask ReceivedAsync(WireTap connection, ReadOnlyMemory<byte> data)
    {
        if (Connection != connection)
            return;
        ReceivedBytes += data.Length;
        while (!_isResponseHeadOver && data.Length > 0)
        {
            byte[]? head = _response.Take(ref data);
            if (head is null)
            {
                IsForeign = _response.IsForeign;
                return;
            }

            // "HTTP/1.1 1xx": the final one is still to come, but for 101.
            _isResponseHeadOver = head.Length < 12 || head[9] != (byte)'1' || head.AsSpan(9, 3).SequenceEqual("101"u8);
            _heads.Add(head);
            if (HeadReceived is not null)
                await HeadReceived(head).ConfigureAwait(false);
        }
    }
}
