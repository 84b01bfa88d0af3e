namespace ActorNet.Sockets.Tests;

/// <summary>What is measured on the heap of the whole process, or by the clock, runs while no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeHeap
{
    public const string Name = "whole heap";
}
