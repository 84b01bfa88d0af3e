using System.Globalization;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>What a request carries: made anew for each request of a transfer, for a redirect may ask for it again.</summary>
/// <param name="Method">The method that it asks for.</param>
/// <param name="Make">Makes the content; null for none.</param>
/// <param name="Query">What -G adds to the URL.</param>
internal sealed record CurlBody(string Method, Func<HttpContent>? Make, string Query = "")
{
    // What -d may read in as a whole, in bytes.
    private const int MaxData = 64 << 20;

    /// <summary>Reads what the options name.</summary>
    /// <param name="context">Files.</param>
    /// <param name="options">Options.</param>
    /// <param name="upload">The file of -T, or null.</param>
    /// <param name="console">For warnings.</param>
    public static async Task<CurlBody> CreateAsync(ProgramContext context, CurlOptions options, string? upload, CurlConsole console)
    {
        if (upload is not null)
            return new CurlBody("PUT", Upload(context, upload));
        if (options.Form.Count > 0)
            return new CurlBody("POST", await MultipartAsync(context, options.Form).ConfigureAwait(false));
        if (options.Data.Count == 0)
            return new CurlBody(options.Head ? "HEAD" : "GET", null);
        byte[] data = await JoinAsync(context, options.Data, console).ConfigureAwait(false);
        if (options.Get)
            return new CurlBody(options.Head ? "HEAD" : "GET", null, Encoding.Latin1.GetString(data));
        string type = options.Data[0].Kind == CurlDataKind.Json ? "application/json" : "application/x-www-form-urlencoded";
        return new CurlBody("POST", () => WithType(new ByteArrayContent(data), type));
    }

    private static ByteArrayContent WithType(ByteArrayContent content, string type)
    {
        // Set, so that it stands first as curl has it.
        content.Headers.ContentLength = content.Headers.ContentLength;
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }

    private static Func<HttpContent> Upload(ProgramContext context, string file)
    {
        if (file is "-" or ".")
            return () => new StreamContent(PipeReader.Create(context.Input, new StreamPipeReaderOptions(leaveOpen: true)).AsStream());
        try
        {
            // Opened once to see that it can be.
            context.OpenRead(file).Dispose();
            return () =>
            {
                Stream stream = context.OpenRead(file);
                var content = new StreamContent(stream);
                if (stream.CanSeek)
                    content.Headers.ContentLength = stream.Length;
                return content;
            };
        }
        catch (FileException)
        {
            throw new CurlUsageException($"Can't open '{file}'!", CurlCode.ReadError);
        }
    }

    // -d a -d b is a&b; --json's pieces stand side by side.
    private static async Task<byte[]> JoinAsync(ProgramContext context, List<CurlData> pieces, CurlConsole console)
    {
        var all = new MemoryStream();
        foreach (CurlData piece in pieces)
        {
            if (all.Length > 0 && piece.Kind != CurlDataKind.Json)
                all.WriteByte((byte)'&');
            all.Write(await ReadAsync(context, piece, console).ConfigureAwait(false));
        }

        return all.ToArray();
    }

    private static async Task<byte[]> ReadAsync(ProgramContext context, CurlData piece, CurlConsole console)
    {
        if (piece.Kind == CurlDataKind.UrlEncode)
            return await EncodedAsync(context, piece.Text, console).ConfigureAwait(false);
        if (piece.Kind == CurlDataKind.Raw || !piece.Text.StartsWith('@'))
            return Encoding.UTF8.GetBytes(piece.Text);
        byte[] data = await ReadFileAsync(context, piece.Text[1..], console).ConfigureAwait(false);
        return piece.Kind == CurlDataKind.Ascii ? [.. data.Where(static b => b is not ((byte)'\r' or (byte)'\n' or 0))] : data;
    }

    // "content", "=content", "name=content", "@file", "name@file".
    private static async Task<byte[]> EncodedAsync(ProgramContext context, string text, CurlConsole console)
    {
        int at = text.IndexOfAny(['=', '@']);
        string name = at > 0 ? text[..at] + "=" : "";
        byte[] content = at >= 0 && text[at] == '@'
            ? await ReadFileAsync(context, text[(at + 1)..], console).ConfigureAwait(false)
            : Encoding.UTF8.GetBytes(text[(at + 1)..]);
        var encoded = new StringBuilder(name);
        foreach (byte b in content)
        {
            // RFC 3986 2.3, unreserved.
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
                encoded.Append((char)b);
            else
                encoded.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return Encoding.UTF8.GetBytes(encoded.ToString());
    }

    private static async Task<byte[]> ReadFileAsync(ProgramContext context, string file, CurlConsole console)
    {
        try
        {
            return await ReadWholeAsync(context, file).ConfigureAwait(false);
        }
        catch (FileException)
        {
            await console.WarnAsync($"Couldn't read data from file \"{file}\", this makes an empty POST.").ConfigureAwait(false);
            return [];
        }
    }

    private static async Task<byte[]> ReadWholeAsync(ProgramContext context, string file)
    {
        bool isInput = file == "-";
        Stream stream = isInput ? context.Input : context.OpenRead(file);
        var all = new MemoryStream();
        byte[] buffer = new byte[16_384];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, context.Cancellation).ConfigureAwait(false)) > 0)
            {
                if (all.Length + read > MaxData)
                    throw new CurlFailure(CurlCode.OutOfMemory, "Out of memory");
                all.Write(buffer, 0, read);
            }
        }
        finally
        {
            if (!isInput)
                await stream.DisposeAsync().ConfigureAwait(false);
        }

        return all.ToArray();
    }

    // name=text, name=@file, name=<file, with ;type= and ;filename= behind a file.
    private static async Task<Func<HttpContent>> MultipartAsync(ProgramContext context, List<string> fields)
    {
        var parts = new List<(byte[] Data, string Disposition, string? Type)>();
        foreach (string field in fields)
            parts.Add(await PartAsync(context, field).ConfigureAwait(false));
        string boundary = "------------------------" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        return () =>
        {
            var content = new MultipartContent("form-data", boundary);
            content.Headers.Remove("Content-Type");
            content.Headers.TryAddWithoutValidation("Content-Type", $"multipart/form-data; boundary={boundary}");
            foreach ((byte[] data, string disposition, string? type) in parts)
            {
                var part = new ByteArrayContent(data);
                part.Headers.TryAddWithoutValidation("Content-Disposition", disposition);
                if (type is not null)
                    part.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
                content.Add(part);
            }

            return content;
        };
    }

    private static async Task<(byte[] Data, string Disposition, string? Type)> PartAsync(ProgramContext context, string field)
    {
        int equals = field.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            throw new CurlUsageException($"Illegally formatted input field!\ncurl: option -F: is badly used here");
        string disposition = $"form-data; name=\"{field[..equals]}\"";
        string value = field[(equals + 1)..];
        if (value.Length == 0 || value[0] is not ('@' or '<'))
            return (Encoding.UTF8.GetBytes(value), disposition, null);
        string[] words = value[1..].Split(';');
        string type = Array.Find(words, w => w.StartsWith("type=", StringComparison.Ordinal))?[5..] ?? "application/octet-stream";
        string name = Array.Find(words, w => w.StartsWith("filename=", StringComparison.Ordinal))?[9..] ?? words[0][(words[0].LastIndexOf('/') + 1)..];
        try
        {
            byte[] data = await ReadWholeAsync(context, words[0]).ConfigureAwait(false);
            return value[0] == '@' ? (data, $"{disposition}; filename=\"{name}\"", type) : (data, disposition, null);
        }
        catch (FileException)
        {
            throw new CurlFailure(CurlCode.ReadError, CurlCode.Describe(CurlCode.ReadError));
        }
    }
}
