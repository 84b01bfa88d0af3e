using Akka.Actor;

namespace ActorNet.Cluster.Certificates;

/// <summary>Tells other hosts the authority, and signs for them where its key is.</summary>
/// <param name="certificates">The host's certificates.</param>
/// <param name="control">The control system that it is in.</param>
internal sealed class CertificateActor(HostCertificates certificates, ControlSystem control) : UntypedActor
{
    internal const string Name = "certificates";

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case AskAuthority ask when certificates.Authority is { } authority:
                Sender.Tell(new AuthorityTold(ask.RequestId, authority, certificates.CanSign));
                break;
            case SignCertificate sign:
                Sender.Tell(certificates.Answer(sign, ControlEndpoint.Of(Sender.Path.Address), control.Snapshot));
                break;
            case AskAuthorityKey ask:
                Sender.Tell(certificates.Answer(ask, ControlEndpoint.Of(Sender.Path.Address), control.Snapshot));
                break;
            default:
                // A host that has no authority yet says nothing: the asker asks the next one.
                Unhandled(message);
                break;
        }
    }
}
