namespace ActorNet.Histories;

/// <summary>One operation of a client, with the answer that it got.</summary>
/// <typeparam name="TOperation">What was asked, and what was answered.</typeparam>
/// <param name="Client">Who asked. A client asks one thing at a time, which nothing here relies on.</param>
/// <param name="Operation">What was asked, and what was answered.</param>
/// <param name="Call">When it was asked, on one clock of all clients; any unit.</param>
/// <param name="Return">When the answer came; null: none came, so it may take effect at any later time or never.</param>
public sealed record TimedOperation<TOperation>(int Client, TOperation Operation, long Call, long? Return)
{
    public override string ToString() => $"client {Client}: {Operation} from {Call} to {(Return is { } end ? $"{end}" : "unknown")}";
}
