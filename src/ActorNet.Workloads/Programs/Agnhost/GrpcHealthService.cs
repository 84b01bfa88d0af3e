using System.Globalization;
using Grpc.Core;
using Grpc.Health.V1;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>grpc.health.v1.Health of agnhost grpc-health-checking.</summary>
/// <param name="state">What it answers.</param>
internal sealed class GrpcHealthService(GrpcHealthState state) : Health.HealthBase
{
    /// <inheritdoc/>
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        await state.LogAsync(string.Create(CultureInfo.InvariantCulture, $"Serving the Check request for health check, started {GoDuration.Format(state.Age)} ago")).ConfigureAwait(false);
        if (request.Service != state.Service)
            throw new RpcException(new Status(StatusCode.NotFound, "unknown service"));
        return new HealthCheckResponse { Status = state.IsServing ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing };
    }

    /// <inheritdoc/>
    public override Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context) =>
        throw new RpcException(new Status(StatusCode.Unimplemented, "unimplemented"));
}
