using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>CONNMARK: the connection's mark, set, or copied from and to the packet's (linux net/netfilter/xt_connmark.c).</summary>
internal sealed class ConnmarkTarget(ConnmarkMode mode, uint value, uint connectionMask, uint packetMask) : RuleTarget
{
    internal override string Name => "CONNMARK";

    internal override RuleVerdict Execute(NetfilterPacket packet)
    {
        if (packet.Connection is not { } connection)
            return RuleVerdict.Continue;
        switch (mode)
        {
            case ConnmarkMode.Set:
                connection.Mark = (connection.Mark & ~connectionMask) ^ value;
                break;
            case ConnmarkMode.Save:
                connection.Mark = (connection.Mark & ~connectionMask) ^ (packet.Mark & packetMask);
                break;
            default:
                packet.Mark = (packet.Mark & ~packetMask) ^ (connection.Mark & connectionMask);
                break;
        }

        return RuleVerdict.Continue;
    }

    internal override void List(RuleText text, bool numeric) => text.Word("CONNMARK").Word(mode switch
    {
        ConnmarkMode.Set => value == 0 ? $"and 0x{~connectionMask:x}" : value == connectionMask ? $"or 0x{value:x}" : connectionMask == 0 ? $"xor 0x{value:x}"
            : connectionMask == uint.MaxValue ? $"set 0x{value:x}" : $"xset 0x{value:x}/0x{connectionMask:x}",
        _ when packetMask == uint.MaxValue && connectionMask == uint.MaxValue => mode == ConnmarkMode.Save ? "save" : "restore",
        _ when packetMask == connectionMask => $"{(mode == ConnmarkMode.Save ? "save" : "restore")} mask 0x{packetMask:x}",
        _ => mode == ConnmarkMode.Save ? $"save nfmask 0x{packetMask:x} ctmask ~0x{connectionMask:x}" : $"restore ctmask 0x{connectionMask:x} nfmask ~0x{packetMask:x}",
    });

    internal override void Print(RuleText text)
    {
        if (mode == ConnmarkMode.Set)
        {
            text.Word("--set-xmark").Word($"0x{value:x}/0x{connectionMask:x}");
            return;
        }

        text.Word(mode == ConnmarkMode.Save ? "--save-mark" : "--restore-mark");
        text.Word("--nfmask").Hex(packetMask).Word("--ctmask").Hex(connectionMask);
    }

    /// <summary>Reads CONNMARK's options (iptables extensions/libxt_CONNMARK.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleTarget>
    {
        private ConnmarkMode? _mode;
        private uint _value;
        private uint _connectionMask = uint.MaxValue;
        private uint _packetMask = uint.MaxValue;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--set-xmark":
                    Set(Argument.Marked("CONNMARK", option, words.Argument(option)));
                    break;
                case "--set-mark":
                    (uint value, uint mask) = Argument.Marked("CONNMARK", option, words.Argument(option));
                    Set((value, mask | value));
                    break;
                case "--and-mark":
                    Set((0, ~Number(option, words)));
                    break;
                case "--or-mark":
                    uint bits = Number(option, words);
                    Set((bits, bits));
                    break;
                case "--xor-mark":
                    Set((Number(option, words), 0));
                    break;
                case "--save-mark":
                    _mode = ConnmarkMode.Save;
                    break;
                case "--restore-mark":
                    _mode = ConnmarkMode.Restore;
                    break;
                case "--mask":
                    _connectionMask = _packetMask = Number(option, words);
                    break;
                case "--nfmask":
                    _packetMask = Number(option, words);
                    break;
                case "--ctmask":
                    _connectionMask = Number(option, words);
                    break;
                default:
                    return false;
            }

            Once("CONNMARK", option, inverted);
            return true;
        }

        internal override RuleTarget Build(RuleHead head) => _mode is { } mode
            ? new ConnmarkTarget(mode, _value, _connectionMask, _packetMask)
            : throw new RuleSyntaxException("CONNMARK target: No operation specified");

        private static uint Number(string option, RuleWords words) => Argument.UInt32("CONNMARK", option, words.Argument(option));

        private void Set((uint Value, uint Mask) set)
        {
            _mode = ConnmarkMode.Set;
            (_value, _connectionMask) = set;
        }
    }
}

/// <summary>What CONNMARK does.</summary>
internal enum ConnmarkMode : byte
{
    /// <summary>Sets the connection's mark.</summary>
    Set,

    /// <summary>Copies the packet's mark to the connection.</summary>
    Save,

    /// <summary>Copies the connection's mark to the packet.</summary>
    Restore,
}
