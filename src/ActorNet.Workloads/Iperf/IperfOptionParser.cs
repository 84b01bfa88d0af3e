using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.Workloads.Iperf;

/// <summary>Reads a command line; bounds and messages are those of esnet/iperf src/iperf_api.c and iperf_error.c.</summary>
internal sealed class IperfOptionParser
{
    private const long DefaultUdpRate = 1 << 20;

    private readonly HashSet<OptionSide> _sides = [];
    private IperfOptions _options = new();
    private TestParameters _test = new();
    private bool _hasTime;
    private bool _hasRate;

    public static CommandLineError? Parse(IReadOnlyList<string> args, out IperfOptions options)
    {
        var parser = new IperfOptionParser();
        CommandLineError? error = IperfCommandLine.Read(args, parser.Take);
        if (error is null && parser._options is { Help: false, ShowVersion: false } && parser.Check() is { } message)
            error = CommandLineError.Parameter(message);
        options = parser._options with { Test = parser._test };
        return error;
    }

    private string? Take(IperfOption option, string value)
    {
        if (option.Long is not ("server" or "client"))
            _sides.Add(option.Side);
        return option.Side == OptionSide.Client ? TakeClient(option.Long, value) : TakeCommon(option, value);
    }

    private string? TakeCommon(IperfOption option, string value)
    {
        switch (option.Long)
        {
            case "server": _options = _options with { Server = true }; return null;
            case "one-off": _options = _options with { OneOff = true }; return null;
            case "json": _options = _options with { Json = true }; return null;
            case "verbose": _options = _options with { Verbose = true }; return null;
            case "help": _options = _options with { Help = true }; return null;
            case "version": _options = _options with { ShowVersion = true }; return null;
            case "port" when TryPort(value, out ushort port): _options = _options with { Port = port }; return null;
            case "port": return "port number must be between 1 and 65535 inclusive";
            case "format" when value.Length == 1 && "kmgtKMGT".Contains(value[0], StringComparison.Ordinal):
                _options = _options with { Format = value[0] };
                return null;
            case "format": return "bad format specifier (valid formats are in the set [kmgtKMGT])";
            case "interval" when TrySeconds(value, out double seconds) && (seconds == 0 || seconds is >= 0.1 and <= 60):
                _options = _options with { ReportInterval = seconds };
                return null;
            case "interval": return "invalid report interval (min = 0.1, max = 60 seconds)";
            case "bind": return TakeBind(value);
            case "bind-dev": _options = _options with { Device = value }; return null;
            case "snd-timeout" when TryNumber(value, int.MaxValue, out int milliseconds):
                _options = _options with { SendTimeout = TimeSpan.FromMilliseconds(milliseconds) };
                return null;
            case "snd-timeout": return Bogus(option.Long, value, "milliseconds");
            default: return null;
        }
    }

    private string? TakeClient(string name, string value)
    {
        switch (name)
        {
            case "client": return TakeHost(value);
            case "udp": _test = _test with { IsUdp = true }; return null;
            case "reverse": _test = _test with { Reverse = true }; return null;
            case "no-delay": _test = _test with { NoDelay = true }; return null;
            case "udp-counters-64bit": _test = _test with { Udp64Bit = true }; return null;
            case "dont-fragment": _test = _test with { DontFragment = true }; return null;
            case "congestion" when value == TestParameters.OnlyCongestion: _test = _test with { Congestion = value }; return null;
            case "congestion": return $"unable to set TCP_CONGESTION: \"{value}\" is not built in, {TestParameters.OnlyCongestion} is";
            case "connect-timeout" when TryNumber(value, int.MaxValue, out int milliseconds):
                _options = _options with { ConnectTimeout = TimeSpan.FromMilliseconds(milliseconds) };
                return null;
            case "cport" when TryPort(value, out ushort port): _options = _options with { ClientPort = port }; return null;
            case "cport": return "port number must be between 1 and 65535 inclusive";
            case "bitrate" or "bandwidth": return TakeRate(value);
            case "tos": return TakeTypeOfService(value);
            case "omit" when TryNumber(value, TestParameters.MaxOmit, out int omit): _test = _test with { Omit = omit }; return null;
            case "omit": return "bogus value for --omit";
            case "time" or "parallel" or "set-mss" or "pacing-timer": return TakeNumber(name, value);
            case "bytes" or "blockcount" or "length" or "window": return TakeSize(name, value);
            default: return Bogus(name, value, "milliseconds");
        }
    }

    private string? TakeNumber(string name, string value)
    {
        if (!TryNumber(value, int.MaxValue, out int number))
            return Bogus(name, value, "a number");
        switch (name)
        {
            case "time" when number > TestParameters.MaxTime:
                return $"test duration too long (maximum = {TestParameters.MaxTime} seconds)";
            case "time":
                _hasTime = true;
                _test = _test with { Time = number };
                return null;
            case "parallel" when number > TestParameters.MaxStreams:
                return $"number of parallel streams too large (maximum = {TestParameters.MaxStreams})";
            case "parallel" when number == 0:
                return Bogus(name, value, "at least 1");
            case "parallel": _test = _test with { Streams = number }; return null;
            case "set-mss" when number > TestParameters.MaxMss: return $"TCP MSS too large (maximum = {TestParameters.MaxMss} bytes)";
            case "set-mss": _test = _test with { Mss = number }; return null;
            // A timer of .NET has milliseconds.
            case "pacing-timer" when number is < 1000 or > 1_000_000: return Bogus(name, value, "1000 to 1000000 microseconds");
            default: _test = _test with { PacingTimer = number }; return null;
        }
    }

    private string? TakeSize(string name, string value)
    {
        if (!IperfUnits.TryParseSize(value, out long size))
            return Bogus(name, value, "a number with or without K, M, G");
        switch (name)
        {
            case "bytes": _test = _test with { Bytes = size }; return null;
            case "blockcount": _test = _test with { Blocks = size }; return null;
            case "window" when size > TestParameters.MaxWindow: return $"socket buffer size too large (maximum = {TestParameters.MaxWindow} bytes)";
            case "window": _test = _test with { Window = (int)size }; return null;
            default: _test = _test with { BlockSize = (int)Math.Min(size, int.MaxValue) }; return null;
        }
    }

    private string? TakeRate(string value)
    {
        string[] parts = value.Split('/', 2);
        if (!IperfUnits.TryParseRate(parts[0], out long rate))
            return Bogus("bitrate", value, "bits per second with or without K, M, G");
        int burst = 1;
        if (parts.Length == 2 && (!TryNumber(parts[1], TestParameters.MaxBurst, out burst) || burst == 0))
            return $"invalid burst count (maximum = {TestParameters.MaxBurst})";
        _hasRate = true;
        _test = _test with { Rate = rate, Burst = burst };
        return null;
    }

    private string? TakeTypeOfService(string value)
    {
        // strtol with base 0.
        (string digits, int radix) = value.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? (value[2..], 16)
            : value.Length > 1 && value[0] == '0' ? (value[1..], 8) : (value, 10);
        try
        {
            int number = Convert.ToInt32(digits, radix);
            if (number is >= 0 and <= byte.MaxValue)
            {
                _test = _test with { TypeOfService = (byte)number };
                return null;
            }
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            // Said below.
        }

        return $"bad TOS value (must be between 0 and 255 inclusive): \"{value}\"";
    }

    private string? TakeHost(string value)
    {
        string[] parts = value.Split('%', 2);
        _options = _options with { Host = parts[0], Device = parts.Length == 2 ? parts[1] : _options.Device };
        return null;
    }

    private string? TakeBind(string value)
    {
        string[] parts = value.Split('%', 2);
        if (!Ipv4Address.TryParse(parts[0], out Ipv4Address address))
            return Bogus("bind", value, "an IPv4 address of this namespace");
        _options = _options with { Bind = address, Device = parts.Length == 2 ? parts[1] : _options.Device };
        return null;
    }

    private string? Check()
    {
        bool client = _options.Host is not null;
        if (client && _options.Server)
            return "cannot be both server and client";
        if (!client && !_options.Server)
            return "must either be a client (-c) or server (-s)";
        if (!client && _sides.Contains(OptionSide.Client))
            return "some option you are trying to set is client only";
        if (client && _sides.Contains(OptionSide.Server))
            return "some option you are trying to set is server only";
        if ((_hasTime ? 1 : 0) + (_test.Bytes > 0 ? 1 : 0) + (_test.Blocks > 0 ? 1 : 0) > 1)
            return "only one test end condition (-t, -n, -k) may be specified";
        if (_test.IsUdp && _test.BlockSize is not 0 and (< UdpTestHeader.MaxLength or > TestParameters.MaxUdpBlock))
            return $"block size invalid (minimum = {UdpTestHeader.MaxLength} bytes, maximum = {TestParameters.MaxUdpBlock} bytes)";
        if (_test.BlockSize > TestParameters.MaxTcpBlock)
            return $"block size too large (maximum = {TestParameters.MaxTcpBlock} bytes)";
        if (_test.IsUdp && !_hasRate)
            _test = _test with { Rate = DefaultUdpRate };
        if (!_test.IsUdp && _test.BlockSize == 0)
            _test = _test with { BlockSize = 128 << 10 };
        return null;
    }

    private static string Bogus(string name, string value, string expected) => $"bogus value for --{name}: \"{value}\", expected {expected}";

    private static bool TryPort(string value, out ushort port) => ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;

    private static bool TryNumber(string value, int most, out int number) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= most;

    private static bool TrySeconds(string value, out double seconds) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds);
}
