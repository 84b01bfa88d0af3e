using System.CommandLine;
using ActorNet.Cli.Commands;

// A host needs a moment to leave its cluster: the default of 2 s after SIGTERM would cut that short.
return await RootCommandFactory.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });
