using System.CommandLine;
using ActorNet.Cli.Commands;

ParseResult parsed = RootCommandFactory.Create().Parse(args);

// A host needs a moment to leave its cluster: the default of 2 s after SIGTERM would cut that short.
int exit = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });
return parsed.Errors.Count > 0 ? RootCommandFactory.UsageExitCode : exit;
