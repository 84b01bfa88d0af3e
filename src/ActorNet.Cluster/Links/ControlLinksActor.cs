using ActorNet.Cluster.Serialization;
using Akka.Actor;

namespace ActorNet.Cluster.Links;

/// <summary>
/// Carries out the control-link orders that come from any host of the cluster. A cut acts a moment after its answer was sent:
/// it would swallow the answer where it cuts the link to the one who ordered it.
/// </summary>
internal sealed class ControlLinksActor(ControlLinks links) : UntypedActor, IWithTimers
{
    internal const string Name = "control-links";

    /// <summary>Time for an answer to leave.</summary>
    private static readonly TimeSpan AnswerFirst = TimeSpan.FromMilliseconds(100);

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CutControlLink cut when links.Knows(cut.Host) && cut.Direction is (LinkDirection.Send or LinkDirection.Receive or LinkDirection.Both):
                Sender.Tell(new FaultOrderDone());
                Timers.StartSingleTimer(cut, new ActNow(cut), AnswerFirst);
                break;
            case ActNow(CutControlLink cut):
                links.Cut(cut.Host, cut.Direction);
                break;
            case IFaultOrder order:
                Sender.Tell(Obey(order));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private IFaultOrder Obey(IFaultOrder order)
    {
        try
        {
            switch (order)
            {
                case CutControlLink cut:
                    links.Cut(cut.Host, cut.Direction);
                    break;
                case HealControlLink heal:
                    links.Heal(heal.Host);
                    break;
                case DelayControlLink delay:
                    links.SetDelay(delay.Host, delay.Delay);
                    break;
                case ClearControlLinks:
                    links.Clear();
                    break;
                default:
                    return new FaultOrderRefused($"{order.GetType().Name} is no order for control links.");
            }
            return new FaultOrderDone();
        }
        catch (ArgumentException exception)
        {
            return new FaultOrderRefused(exception.Message);
        }
    }

    private sealed record ActNow(CutControlLink Order);
}
