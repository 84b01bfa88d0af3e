using System.Collections.Frozen;

namespace ActorNet.Kubernetes.Schema;

/// <summary>
/// What Go's declarations call the fields of a pod template and their types, where JSON's names do not say it (staging/src/k8s.io/api/core/v1/types.go and
/// apimachinery pkg/apis/meta/v1/types.go of 1.32).
/// </summary>
internal static class GoNames
{
    // A JSON name, or one in a type, and the field's.
    private static readonly FrozenDictionary<string, string> Names = Pairs("""
        metadata ObjectMeta  uid UID  apiVersion APIVersion  apiGroup APIGroup  ip IP  os OS  tty TTY  dnsPolicy DNSPolicy  dnsConfig DNSConfig
        serviceAccount DeprecatedServiceAccount  httpGet HTTPGet  httpHeaders HTTPHeaders  tcpSocket TCPSocket  grpc GRPC  fsGroup FSGroup
        fsGroupChangePolicy FSGroupChangePolicy  seLinuxOptions SELinuxOptions  seLinuxChangePolicy SELinuxChangePolicy
        gmsaCredentialSpecName GMSACredentialSpecName  gmsaCredentialSpec GMSACredentialSpec  fsType FSType  gcePersistentDisk GCEPersistentDisk
        pdName PDName  awsElasticBlockStore AWSElasticBlockStore  nfs NFS  iscsi ISCSI  iqn IQN  iscsiInterface ISCSIInterface
        chapAuthDiscovery DiscoveryCHAPAuth  chapAuthSession SessionCHAPAuth  rbd RBD  cephfs CephFS  fc FC  wwids WWIDs  targetWWNs TargetWWNs
        diskURI DataDiskURI  pdID PdID  scaleIO ScaleIO  sslEnabled SSLEnabled  storageos StorageOS  csi CSI
        RBDVolumeSource.monitors CephMonitors  RBDVolumeSource.image RBDImage  RBDVolumeSource.pool RBDPool  RBDVolumeSource.user RadosUser
        GlusterfsVolumeSource.endpoints EndpointsName
        """);

    // The types of strings and maps that have a name; of a list the type of its elements.
    private static readonly FrozenDictionary<string, string> Types = Pairs("""
        ObjectMeta.uid types.UID  OwnerReference.uid types.UID  ManagedFieldsEntry.operation v1.ManagedFieldsOperationType
        PodSpec.restartPolicy v1.RestartPolicy  PodSpec.dnsPolicy v1.DNSPolicy  PodSpec.preemptionPolicy v1.PreemptionPolicy
        PodSpec.overhead v1.ResourceList  PodOS.name v1.OSName  PodReadinessGate.conditionType v1.PodConditionType
        PodSecurityContext.fsGroupChangePolicy v1.PodFSGroupChangePolicy  PodSecurityContext.supplementalGroupsPolicy v1.SupplementalGroupsPolicy
        PodSecurityContext.seLinuxChangePolicy v1.PodSELinuxChangePolicy  SeccompProfile.type v1.SeccompProfileType
        AppArmorProfile.type v1.AppArmorProfileType  SecurityContext.procMount v1.ProcMountType  Capabilities.add v1.Capability
        Capabilities.drop v1.Capability  Container.terminationMessagePolicy v1.TerminationMessagePolicy  Container.imagePullPolicy v1.PullPolicy
        Container.restartPolicy v1.ContainerRestartPolicy  EphemeralContainerCommon.terminationMessagePolicy v1.TerminationMessagePolicy
        EphemeralContainerCommon.imagePullPolicy v1.PullPolicy  EphemeralContainerCommon.restartPolicy v1.ContainerRestartPolicy
        ContainerPort.protocol v1.Protocol  ResourceRequirements.limits v1.ResourceList  ResourceRequirements.requests v1.ResourceList
        VolumeResourceRequirements.limits v1.ResourceList  VolumeResourceRequirements.requests v1.ResourceList
        ContainerResizePolicy.resourceName v1.ResourceName  ContainerResizePolicy.restartPolicy v1.ResourceResizeRestartPolicy
        VolumeMount.recursiveReadOnly v1.RecursiveReadOnlyMode  VolumeMount.mountPropagation v1.MountPropagationMode  HTTPGetAction.scheme v1.URIScheme
        Toleration.operator v1.TolerationOperator  Toleration.effect v1.TaintEffect
        TopologySpreadConstraint.whenUnsatisfiable v1.UnsatisfiableConstraintAction  TopologySpreadConstraint.nodeAffinityPolicy v1.NodeInclusionPolicy
        TopologySpreadConstraint.nodeTaintsPolicy v1.NodeInclusionPolicy  NodeSelectorRequirement.operator v1.NodeSelectorOperator
        LabelSelectorRequirement.operator v1.LabelSelectorOperator  HostPathVolumeSource.type v1.HostPathType  EmptyDirVolumeSource.medium v1.StorageMedium
        AzureDiskVolumeSource.cachingMode v1.AzureDataDiskCachingMode  AzureDiskVolumeSource.kind v1.AzureDataDiskKind
        ImageVolumeSource.pullPolicy v1.PullPolicy  PersistentVolumeClaimSpec.accessModes v1.PersistentVolumeAccessMode
        PersistentVolumeClaimSpec.volumeMode v1.PersistentVolumeMode
        """);

    /// <summary>A field's name in Go.</summary>
    public static string Of(TypeSchema type, FieldSchema field) =>
        field.Name.Length == 0 ? field.Type.Struct!.Name
        : Names.GetValueOrDefault($"{type.Name}.{field.Name}") ?? Names.GetValueOrDefault(field.Name) ?? char.ToUpperInvariant(field.Name[0]) + field.Name[1..];

    /// <summary>A field's type in Go, without the star of a pointer.</summary>
    public static string TypeOf(TypeSchema type, FieldSchema field) => Types.GetValueOrDefault($"{type.Name}.{field.Name}") is not { } named ? field.Type.GoName
        : field.Type.Shape == FieldShape.List ? "[]" + named : named;

    private static FrozenDictionary<string, string> Pairs(string text) =>
        text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Chunk(2).ToFrozenDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
