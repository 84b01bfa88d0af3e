namespace ActorNet.Workloads.Iperf;

/// <summary>
/// Processor time in per cent of one core. Of our own side it is that of the whole process, which carries every pod of the host: there is
/// no other to tell.
/// </summary>
internal readonly record struct CpuShare(double Total, double User, double System)
{
    public static Environment.ProcessCpuUsage Now() => Environment.CpuUsage;

    /// <summary>The share since an earlier look.</summary>
    public static CpuShare Since(in Environment.ProcessCpuUsage before, TimeSpan elapsed)
    {
        if (elapsed <= TimeSpan.Zero)
            return default;
        Environment.ProcessCpuUsage now = Environment.CpuUsage;
        double user = (now.UserTime - before.UserTime) / elapsed * 100;
        double system = (now.PrivilegedTime - before.PrivilegedTime) / elapsed * 100;
        return new CpuShare(user + system, user, system);
    }
}
