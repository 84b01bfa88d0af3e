namespace ActorNet.Cli.Bench;

/// <summary>Starts a receiver of load in a pod, or reads one.</summary>
/// <param name="Pod">Pod name.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Start">True to start anew, false to read what it counted.</param>
public sealed record BenchReceive(string Pod, int Port, bool Start);

/// <summary>What a receiver of load counted.</summary>
/// <param name="Datagrams">Datagrams.</param>
/// <param name="Bytes">Bytes of data.</param>
/// <param name="Seconds">Between the first and the last.</param>
public sealed record BenchReceived(long Datagrams, long Bytes, double Seconds);

/// <summary>Sends load from a pod for a time.</summary>
/// <param name="Pod">Pod name.</param>
/// <param name="Destination">Address of the receiver.</param>
/// <param name="Port">Its UDP port.</param>
/// <param name="PayloadBytes">Bytes of data in a datagram.</param>
/// <param name="Seconds">How long.</param>
/// <param name="Flows">0 for one flow; else how many flows of one datagram are sent, however long that takes.</param>
public sealed record BenchSend(string Pod, string Destination, int Port, int PayloadBytes, double Seconds, int Flows = 0);

/// <summary>What a sender of load did.</summary>
/// <param name="Datagrams">Datagrams handed to the socket.</param>
/// <param name="SteadyDatagrams">Those of them after the first second.</param>
/// <param name="AllocatedBytes">Bytes allocated in the whole process while those were sent.</param>
public sealed record BenchSent(long Datagrams, long SteadyDatagrams, long AllocatedBytes);

/// <summary>Starts a receiver of TCP load in a pod, or reads one.</summary>
/// <param name="Pod">Pod name.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Start">True to start anew, false to read what it counted.</param>
/// <param name="CloseAtOnce">Whether each connection is closed as it is accepted.</param>
public sealed record BenchTcpReceive(string Pod, int Port, bool Start, bool CloseAtOnce = false);

/// <summary>What a receiver of TCP load counted.</summary>
/// <param name="Connections">Connections accepted.</param>
/// <param name="Bytes">Bytes of data.</param>
/// <param name="Seconds">Between the first and the last.</param>
public sealed record BenchTcpReceived(long Connections, long Bytes, double Seconds);

/// <summary>Sends TCP load from a pod for a time.</summary>
/// <param name="Pod">Pod name.</param>
/// <param name="Destination">Address of the receiver.</param>
/// <param name="Port">Its TCP port.</param>
/// <param name="Seconds">How long.</param>
/// <param name="Connections">0 for one flow of bytes; else how many connections at a time are opened and closed.</param>
public sealed record BenchTcpSend(string Pod, string Destination, int Port, double Seconds, int Connections = 0);

/// <summary>What a sender of TCP load did.</summary>
/// <param name="Connections">Connections opened and closed.</param>
/// <param name="Bytes">Bytes that the socket took.</param>
/// <param name="Seconds">From the first connect to the last close.</param>
/// <param name="Retransmissions">Segments sent again.</param>
public sealed record BenchTcpSent(long Connections, long Bytes, double Seconds, long Retransmissions);

/// <summary>Has a pod answer HTTP requests with 64 bytes.</summary>
/// <param name="Pod">Pod name.</param>
/// <param name="Port">TCP port.</param>
public sealed record BenchHttpServe(string Pod, int Port);

/// <summary>A pod that answers HTTP requests.</summary>
/// <param name="Port">TCP port.</param>
public sealed record BenchHttpServing(int Port);

/// <summary>Sends HTTP requests from a pod for a time, 16 connections at a time that stay.</summary>
/// <param name="Pod">Pod name.</param>
/// <param name="Destination">Address of the server.</param>
/// <param name="Port">Its port.</param>
/// <param name="Seconds">How long.</param>
public sealed record BenchHttpSend(string Pod, string Destination, int Port, double Seconds);

/// <summary>What a sender of HTTP requests did.</summary>
/// <param name="Requests">Requests answered.</param>
/// <param name="Seconds">In this time.</param>
public sealed record BenchHttpSent(long Requests, double Seconds);
