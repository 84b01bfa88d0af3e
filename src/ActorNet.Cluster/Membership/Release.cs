using System.Globalization;

namespace ActorNet.Cluster.Membership;

/// <summary>
/// A version of actornet, MAJOR.MINOR.PATCH. Hosts of one cluster are upgraded one by one, so a version has to get on with the minor version before
/// it and the one after: messages and entries of the log only get fields at their end, which the older one skips.
/// </summary>
/// <param name="Major">Differs where versions cannot run side by side at all.</param>
/// <param name="Minor">May differ by one.</param>
/// <param name="Patch">May differ.</param>
public readonly record struct Release(int Major, int Minor, int Patch)
{
    /// <summary>This program's.</summary>
    public static Release Own { get; } = Of(typeof(Release).Assembly.GetName().Version ?? new Version(0, 0, 0));

    /// <summary>Reads one; false: the text is none.</summary>
    /// <param name="text">Such as 0.1.0; what follows a '-' or '+' does not count.</param>
    /// <param name="release">The release.</param>
    public static bool TryParse(string? text, out Release release)
    {
        release = default;
        string[] parts = (text ?? "").Split('-', '+')[0].Split('.');
        if (parts.Length != 3 || !Number(parts[0], out int major) || !Number(parts[1], out int minor) || !Number(parts[2], out int patch))
            return false;
        release = new Release(major, minor, patch);
        return true;
    }

    /// <summary>Whether hosts of both may be in one cluster.</summary>
    /// <param name="other">The other one.</param>
    public bool RunsBeside(Release other) => Major == other.Major && Math.Abs(Minor - other.Minor) <= 1;

    /// <summary>Why a host may not be in the cluster of another, as a sentence; null: it may.</summary>
    /// <param name="own">The host's release.</param>
    /// <param name="who">The other, such as "host n1".</param>
    /// <param name="its">The other's release.</param>
    public static string? Misfit(Release own, string who, Release its) => own.RunsBeside(its)
        ? null
        : $"{who} runs actornet {its}, this host {own}: in one cluster only versions run that are the same or one minor version apart ({its.Major}.{Math.Max(0, its.Minor - 1)} to {its.Major}.{its.Minor + 1} beside {its}). {(own.Major == its.Major ? own.CompareTo(its) > 0
            ? $"Upgrade the cluster's hosts to {own.Major}.{own.Minor - 1} first, one by one and one minor version at a time, or start {its.Major}.{its.Minor} here."
            : $"Start {its.Major}.{its.Minor} here." : $"Start {its.Major}.{its.Minor} here, or give this host a cluster of its own.")}";

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");

    private static Release Of(Version version) => new(version.Major, version.Minor, Math.Max(0, version.Build));

    private static bool Number(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= ushort.MaxValue;

    private int CompareTo(Release other) => (Major, Minor).CompareTo((other.Major, other.Minor));
}
