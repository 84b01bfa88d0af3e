using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Certificates;

/// <summary>
/// Keys and certificates in a host's state directory, under `pki`, as PEM that only their owner can read: ca.crt; ca.key on a host that
/// signs; host.crt and host.key; admin.crt and admin.key on a host that signs.
/// </summary>
/// <param name="stateDirectory">The state directory.</param>
public sealed class CertificateFiles(string stateDirectory)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The directory of the files.</summary>
    public string Directory { get; } = Path.Combine(stateDirectory, "pki");

    /// <summary>A file's path.</summary>
    /// <param name="name">Its name.</param>
    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>The authority with its key, or null when this host does not have the key.</summary>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">The files are damaged; the message names them.</exception>
    public CertificateAuthority? LoadAuthority(TimeProvider time)
    {
        if (!File.Exists(PathOf("ca.key")))
            return null;
        return Reading("ca.crt and ca.key", "Restore them, or remove both to begin a cluster with a new authority", () =>
            CertificateAuthority.Load(File.ReadAllText(PathOf("ca.crt")), File.ReadAllText(PathOf("ca.key")), time));
    }

    /// <summary>Keeps the authority.</summary>
    public void SaveAuthority(CertificateAuthority authority)
    {
        ArgumentNullException.ThrowIfNull(authority);
        Write(PathOf("ca.key"), authority.ExportKey());
        Write(PathOf("ca.crt"), authority.ExportCertificate());
    }

    /// <summary>The host's key, made when there is none.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public ECDsa LoadOrCreateKey(string name)
    {
        string path = PathOf(name);
        if (File.Exists(path))
        {
            return Reading(name, "Restore it, or remove it: the host then has a new certificate signed", () =>
            {
                var key = ECDsa.Create();
                key.ImportFromPem(File.ReadAllText(path));
                return key;
            });
        }

        var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SaveKey(name, made);
        return made;
    }

    /// <summary>Keeps a key.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="key">The key.</param>
    public void SaveKey(string name, ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Write(PathOf(name), key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>A certificate, or null when there is none.</summary>
    /// <param name="name">The file's name.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public byte[]? LoadCertificate(string name)
    {
        if (!File.Exists(PathOf(name)))
            return null;
        return Reading(name, "Restore it, or remove it: the host then asks for it again", () =>
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(PathOf(name)));
            return certificate.RawData;
        });
    }

    /// <summary>Keeps a certificate.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="der">The certificate in DER.</param>
    public void SaveCertificate(string name, byte[] der) => Write(PathOf(name), PemEncoding.WriteString("CERTIFICATE", der) + "\n");

    /// <summary>Writes a file that only its owner can read: first aside, then in place, so that a crash leaves the old or the new one.</summary>
    /// <param name="path">The path.</param>
    /// <param name="text">The contents.</param>
    public static void Write(string path, string text)
    {
        string aside = path + ".new";
        MakeDirectory(Path.GetDirectoryName(path)!);
        // An old one may have other rights, which opening it would keep.
        File.Delete(aside);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var writer = new StreamWriter(aside, options))
            writer.Write(text);
        File.Move(aside, path, overwrite: true);
    }

    private static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            System.IO.Directory.CreateDirectory(path);
        else
            System.IO.Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
    }

    private T Reading<T>(string what, string advice, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FileNotFoundException)
        {
            throw new InvalidDataException($"{Directory}: {what} cannot be used: {e.Message} {advice}.");
        }
    }
}
