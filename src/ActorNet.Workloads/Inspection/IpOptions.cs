namespace ActorNet.Workloads.Inspection;

/// <summary>The address family that `ip` is asked for.</summary>
internal enum IpFamily
{
    /// <summary>Not said.</summary>
    Any,

    /// <summary>`-4`.</summary>
    Inet,

    /// <summary>`-6`: nothing here has such an address.</summary>
    Inet6,

    /// <summary>`-0`.</summary>
    Link,
}

/// <summary>The options before the object on the command lines of `ip` and `bridge`.</summary>
internal sealed record IpOptions
{
    /// <summary>The family.</summary>
    public IpFamily Family { get; init; }

    /// <summary>How often `-s` was said.</summary>
    public int Statistics { get; init; }

    /// <summary>`-d`.</summary>
    public bool Details { get; init; }

    /// <summary>`-o`.</summary>
    public bool OneLine { get; init; }

    /// <summary>`-br`.</summary>
    public bool Brief { get; init; }

    /// <summary>What stands between the lines of one object: a backslash with `-o`.</summary>
    public string LineBreak => OneLine ? "\\" : "\n";
}
