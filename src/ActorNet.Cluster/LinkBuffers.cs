namespace ActorNet.Cluster;

/// <summary>
/// Where the bytes of control links are kept: in arrays of their own, not in DotNetty's pool. That takes blocks of 16 MiB from each of up to twice as many
/// arenas as there are processors, and never gives one back, for links that carry a few messages at a time. Akka's enable-pooling = off reaches only the
/// links that this host opens; those that it accepts have what DotNetty takes for all channels of a process.
/// </summary>
internal static class LinkBuffers
{
    // DotNetty's names, which are Netty's (netty buffer/src/main/java/io/netty/buffer/ByteBufUtil.java); read from the environment, once.
    private const string AllocatorType = "io.netty.allocator.type", Unpooled = "unpooled";

    /// <summary>Asks DotNetty for buffers without a pool; to be called before the process makes its first control system. What somebody set already stays.</summary>
    public static void UseNoPool()
    {
        if (Environment.GetEnvironmentVariable(AllocatorType) is null)
            Environment.SetEnvironmentVariable(AllocatorType, Unpooled);
    }
}
