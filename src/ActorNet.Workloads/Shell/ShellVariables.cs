namespace ActorNet.Workloads.Shell;

/// <summary>A shell's variables. Together they are bounded, so that no script can fill the host's memory.</summary>
internal sealed class ShellVariables
{
    /// <summary>Names and values together, in characters.</summary>
    public const int MaxLength = 16 << 20;

    private readonly Dictionary<string, Variable> _variables = new(StringComparer.Ordinal);
    private long _length;

    public ShellVariables Fork()
    {
        var copy = new ShellVariables { _length = _length };
        foreach ((string name, Variable variable) in _variables)
            copy._variables[name] = variable;
        return copy;
    }

    public string? Get(string name) => _variables.GetValueOrDefault(name).Value;

    /// <summary>Sets a variable.</summary>
    /// <exception cref="ShellFailure">It is read-only, or there is no room.</exception>
    public void Set(string name, string value, bool exported = false)
    {
        Variable old = _variables.GetValueOrDefault(name);
        if (old.IsReadOnly)
            throw new ShellFailure($"{name}: is read only");
        Put(name, old with { Value = value, IsExported = old.IsExported || exported });
    }

    public void Unset(string name)
    {
        if (!_variables.TryGetValue(name, out Variable old))
            return;
        if (old.IsReadOnly)
            throw new ShellFailure($"{name}: is read only");
        _length -= Weight(name, old);
        _variables.Remove(name);
    }

    public void Export(string name) => Put(name, _variables.GetValueOrDefault(name) with { IsExported = true });

    public void MakeReadOnly(string name) => Put(name, _variables.GetValueOrDefault(name) with { IsReadOnly = true });

    /// <summary>Remembers a variable to <see cref="Restore"/> it.</summary>
    public Variable Save(string name) => _variables.GetValueOrDefault(name);

    public void Restore(string name, Variable saved)
    {
        if (saved.Value is null && !saved.IsExported && !saved.IsReadOnly)
            Unset(name);
        else
            Put(name, saved);
    }

    /// <summary>Names in byte order, all or those with a mark.</summary>
    public IEnumerable<(string Name, string? Value)> List(Func<Variable, bool> which) =>
        _variables.Where(v => which(v.Value)).OrderBy(static v => v.Key, StringComparer.Ordinal).Select(static v => (v.Key, v.Value.Value));

    /// <summary>What a program is given.</summary>
    public Dictionary<string, string> Environment() =>
        List(static v => v.IsExported).Where(static v => v.Value is not null).ToDictionary(static v => v.Name, static v => v.Value!, StringComparer.Ordinal);

    private void Put(string name, Variable variable)
    {
        long length = _length + Weight(name, variable) - (_variables.TryGetValue(name, out Variable old) ? Weight(name, old) : 0);
        if (length > MaxLength)
            throw new ShellFailure("out of memory");
        _length = length;
        _variables[name] = variable;
    }

    private static long Weight(string name, Variable variable) => name.Length + (variable.Value?.Length ?? 0) + 32;

    /// <summary>A variable's value, null while it is only marked, and its marks.</summary>
    internal readonly record struct Variable(string? Value, bool IsExported, bool IsReadOnly);
}
