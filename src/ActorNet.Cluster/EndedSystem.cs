using System.Reflection;
using Akka.Actor;
using Akka.Remote;

namespace ActorNet.Cluster;

/// <summary>
/// Lets an actor system that has ended be collected. Akka.Remote keeps the actors that it looked up in a thread-local cache of the system
/// (akka.net src/core/Akka.Remote/Serialization/ActorRefResolveCache.cs), which it never disposes: each thread of the process that decoded a message
/// leads to the cache, that to its provider, and so to all of the system, about 0.6 MB, for as long as the thread lives.
/// </summary>
internal static class EndedSystem
{
    /// <summary>Akka's internal extension that has the cache.</summary>
    internal static readonly Type? Cache = typeof(RemoteActorRefProvider).Assembly.GetType("Akka.Remote.Serialization.ActorRefResolveThreadLocalCache");

    /// <summary>The cache's values, one a thread; null when this version of Akka has none of that name.</summary>
    internal static readonly FieldInfo? Values = Cache?.GetField("_current", BindingFlags.Instance | BindingFlags.NonPublic);

    /// <summary>Takes the values from all threads. Who looks an actor of the system up behind it hears <see cref="ObjectDisposedException"/>.</summary>
    /// <param name="system">A system that has terminated.</param>
    public static void Release(ActorSystem system)
    {
        if (Cache is not null && system.TryGetExtension(Cache, out object cache))
            (Values?.GetValue(cache) as IDisposable)?.Dispose();
    }
}
