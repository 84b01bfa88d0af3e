using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m comment: for people; always true.</summary>
internal sealed class CommentMatch(string comment) : RuleMatch
{
    // XT_MAX_COMMENT_LEN with the terminator.
    private const int MaxLength = 255;

    internal override string Name => "comment";

    internal override bool DependsOnPacket => false;

    internal override bool HasEffects => false;

    internal override bool IsRemark => true;

    internal override bool Matches(NetfilterPacket packet) => true;

    internal override void List(RuleText text, bool numeric) => text.Word("/*").Word(comment).Word("*/");

    internal override void Print(RuleText text) => text.Word("--comment").Quoted(comment);

    /// <summary>Reads comment's option (iptables extensions/libxt_comment.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private CommentMatch? _match;

        internal override bool IsReusable => true;

        internal override void Begin()
        {
            base.Begin();
            _match = null;
        }

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (option != "--comment")
                return false;
            Once("comment", option, inverted);
            string comment = words.Argument(option);
            if (comment.Length > MaxLength)
                throw new RuleSyntaxException($"Argument to \"--comment\" has excess length");
            _match = new CommentMatch(comment);
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _match ?? throw RuleSyntaxException.MustBeSpecified("comment", "--comment");
    }
}
