namespace ActorNet.Workloads.Files;

/// <summary>Why a file operation was refused: the errno values that a container's files can give.</summary>
public enum FileError
{
    /// <summary>ENOENT.</summary>
    NotFound,

    /// <summary>ENOTDIR.</summary>
    NotDirectory,

    /// <summary>EISDIR.</summary>
    IsDirectory,

    /// <summary>EEXIST.</summary>
    Exists,

    /// <summary>ENOTEMPTY.</summary>
    NotEmpty,

    /// <summary>EACCES.</summary>
    PermissionDenied,

    /// <summary>EROFS.</summary>
    ReadOnly,

    /// <summary>ENOSPC: the container's files have a bound.</summary>
    NoSpace,

    /// <summary>EINVAL.</summary>
    InvalidArgument,

    /// <summary>ENAMETOOLONG.</summary>
    NameTooLong,

    /// <summary>EBUSY.</summary>
    Busy,
}

/// <summary>A refused file operation; its message is the C library's text for the error.</summary>
public sealed class FileException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="error">Error.</param>
    public FileException(FileError error)
        : base(Describe(error)) => Error = error;

    /// <summary>Makes an unspecific exception.</summary>
    public FileException()
        : this(FileError.InvalidArgument)
    {
    }

    /// <summary>Makes an unspecific exception with a message.</summary>
    /// <param name="message">Message.</param>
    public FileException(string message)
        : base(message) => Error = FileError.InvalidArgument;

    /// <summary>Makes an unspecific exception with a message and a cause.</summary>
    /// <param name="message">Message.</param>
    /// <param name="inner">Cause.</param>
    public FileException(string message, Exception inner)
        : base(message, inner) => Error = FileError.InvalidArgument;

    /// <summary>The error.</summary>
    public FileError Error { get; }

    // strerror of glibc and musl, where they agree.
    private static string Describe(FileError error) => error switch
    {
        FileError.NotFound => "No such file or directory",
        FileError.NotDirectory => "Not a directory",
        FileError.IsDirectory => "Is a directory",
        FileError.Exists => "File exists",
        FileError.NotEmpty => "Directory not empty",
        FileError.PermissionDenied => "Permission denied",
        FileError.ReadOnly => "Read-only file system",
        FileError.NoSpace => "No space left on device",
        FileError.NameTooLong => "File name too long",
        FileError.Busy => "Device or resource busy",
        _ => "Invalid argument",
    };
}
