using System.Globalization;
using System.Text;

namespace ActorNet.Kubernetes.Documents;

/// <summary>Where a reader is in a document. Its text is made only where there is something to complain about, which is hardly ever.</summary>
internal sealed class DocumentPath
{
    // A name, or the index of an element.
    private readonly List<(string? Name, int Index)> _steps = [];

    /// <summary>Goes into a field, or to what a map has under a key.</summary>
    public void Enter(string name) => _steps.Add((name, 0));

    /// <summary>Goes to an element of a list.</summary>
    public void Enter(int index) => _steps.Add((null, index));

    /// <summary>Goes back to where the last step began.</summary>
    public void Leave() => _steps.RemoveAt(_steps.Count - 1);

    /// <summary>As Go names struct fields: without the indices of elements.</summary>
    public string WithoutIndices() => Text(withIndices: false);

    /// <summary>Such as spec.containers[0].image.</summary>
    public override string ToString() => Text(withIndices: true);

    private string Text(bool withIndices)
    {
        var text = new StringBuilder();
        foreach ((string? name, int index) in _steps)
        {
            if (name is not null)
                text.Append(text.Length > 0 ? "." : "").Append(name);
            else if (withIndices)
                text.Append(CultureInfo.InvariantCulture, $"[{index}]");
        }

        return text.ToString();
    }
}
