namespace ActorNet.Histories;

/// <summary>The sequential specification of an object: what an operation does when nothing else is under way.</summary>
/// <typeparam name="TState">The object's state; compared by value.</typeparam>
/// <typeparam name="TOperation">What is asked, and what was answered.</typeparam>
/// <param name="before">The state before.</param>
/// <param name="operation">The operation.</param>
/// <param name="after">The state after, when it is possible.</param>
/// <returns>False when the object, in this state, does not give this answer.</returns>
public delegate bool SequentialStep<TState, in TOperation>(TState before, TOperation operation, out TState after);
