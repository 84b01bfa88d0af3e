namespace ActorNet.Processes.Tests;

/// <summary>What a test needs of the machine.</summary>
internal static class Need
{
    /// <summary>Skips the test where a program is missing; in continuous integration that is a fault.</summary>
    /// <param name="program">The program.</param>
    /// <param name="package">The Debian package that has it.</param>
    public static void Tool(string program, string package)
    {
        bool isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
        string why = $"needs {program} on the PATH (Debian package {package})";
        if (!isThere && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(why);
        Assert.SkipUnless(isThere, why);
    }
}
