namespace ActorNet.Processes.Tests;

/// <summary>The source that the tests were built from.</summary>
internal static class SourceTree
{
    /// <summary>Its top folder; a test that asks outside of one fails.</summary>
    public static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ActorNet.sln")))
            folder = Path.GetDirectoryName(folder);
        Assert.NotNull(folder);
        return folder;
    }
}
