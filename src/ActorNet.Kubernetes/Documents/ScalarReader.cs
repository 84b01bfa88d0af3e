using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;
using k8s.Models;

namespace ActorNet.Kubernetes.Documents;

/// <summary>Single values from their text in JSON to the form in which the API keeps them.</summary>
public static class ScalarReader
{
    private const string Rfc3339 = "2006-01-02T15:04:05Z07:00";
    private const string Rfc3339Micro = "2006-01-02T15:04:05.000000Z07:00";

    /// <summary>Reads a value that is neither list, map nor object.</summary>
    /// <param name="token">What JSON has: String, Number, True or False.</param>
    /// <param name="text">Its text, without quotes.</param>
    /// <param name="shape">What it should be.</param>
    /// <returns>The value, or null when the token does not fit the shape.</returns>
    /// <exception cref="DocumentException">The token fits, and what it says is no such value.</exception>
    public static JsonValue? Read(JsonTokenType token, string text, FieldShape shape) => (shape, token) switch
    {
        (FieldShape.String, JsonTokenType.String) => JsonValue.Create(text),
        (FieldShape.Bool, JsonTokenType.True) => JsonValue.Create(true),
        (FieldShape.Bool, JsonTokenType.False) => JsonValue.Create(false),
        (FieldShape.Int32, JsonTokenType.Number) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int small) ? JsonValue.Create(small) : null,
        (FieldShape.Int64, JsonTokenType.Number) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long large) ? JsonValue.Create(large) : null,
        (FieldShape.Bytes, JsonTokenType.String) => Base64(text),
        (FieldShape.Time, JsonTokenType.String) => JsonValue.Create(Time(ParseTime(text, Rfc3339))),
        (FieldShape.MicroTime, JsonTokenType.String) => JsonValue.Create(MicroTime(ParseTime(text, Rfc3339Micro))),
        (FieldShape.Duration, JsonTokenType.String) => JsonValue.Create(text),
        (FieldShape.Quantity, JsonTokenType.String or JsonTokenType.Number) => JsonValue.Create(Quantity(text)),
        (FieldShape.IntOrString, JsonTokenType.String) => JsonValue.Create(text),
        (FieldShape.IntOrString, JsonTokenType.Number) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? JsonValue.Create(number) : null,
        _ => null,
    };

    /// <summary>A moment as metav1.Time writes it.</summary>
    public static string Time(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A moment as metav1.MicroTime writes it.</summary>
    public static string MicroTime(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A quantity in its canonical form: "1000m" is "1".</summary>
    /// <exception cref="DocumentException">It is none.</exception>
    public static string Quantity(string text)
    {
        try
        {
            // A quantity has at most 18 digits on each side; far longer ones would make big numbers.
            if (text.Length <= 64)
                return new ResourceQuantity(text).CanonicalizeString();
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
        }

        throw new DocumentException("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    }

    private static DateTimeOffset ParseTime(string text, string layout)
    {
        if (text.Length >= 20 && text[10] is 'T' && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset moment))
            return moment;
        throw new DocumentException($"parsing time \"{text}\" as \"{layout}\": cannot parse \"{text}\" as \"2006\"");
    }

    private static JsonValue Base64(string text)
    {
        Span<byte> bytes = text.Length <= 1024 ? stackalloc byte[text.Length] : new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out _))
            throw new DocumentException($"illegal base64 data at input byte {FirstIllegal(text)}");
        return JsonValue.Create(text);
    }

    private static int FirstIllegal(string text)
    {
        int at = 0;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '+' or '/'))
            at++;
        return at;
    }
}
