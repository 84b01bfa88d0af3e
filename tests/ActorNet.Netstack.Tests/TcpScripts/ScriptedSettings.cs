using System.Globalization;
using ActorNet.TcpScripts;

namespace ActorNet.Netstack.Tests.TcpScripts;

/// <summary>Kernel settings of a script as ours.</summary>
internal static class ScriptedSettings
{
    public static TcpSettings From(TcpScript script)
    {
        var settings = new TcpSettings();
        foreach ((string name, string text) in script.Sysctls)
        {
            int value = int.Parse(text, CultureInfo.InvariantCulture);
            settings = name switch
            {
                "tcp_syn_linear_timeouts" => settings with { SynLinearTimeouts = value },
                "tcp_syn_retries" => settings with { SynRetries = value },
                "tcp_syncookies" => settings with { SynCookies = value != 0 },
                "tcp_fin_timeout" => settings with { FinTimeout = TimeSpan.FromSeconds(value) },
                "tcp_tw_reuse" => settings with { TimeWaitReuse = value != 0 },
                "tcp_mtu_probing" => settings with { MtuProbing = value != 0 },
                // They take from the kernel what ours has no switch for: the tail loss probe and F-RTO.
                "tcp_early_retrans" or "tcp_frto" => settings,
                _ => throw new ScriptException($"{script.Name}: ours has nothing like the setting {name}"),
            };
        }
        return settings;
    }
}
