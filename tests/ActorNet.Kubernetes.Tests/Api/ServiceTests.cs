using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Tests.Api;

/// <summary>Services: what the cluster chooses for them, and that nobody gets it twice. Expectations by the recorded facts, section 13.</summary>
public sealed class ServiceTests
{
    private const string Web = """{"metadata":{"name":"web"},"spec":{"selector":{"a":"b"},"ports":[{"port":80}]}}""";

    [Fact]
    public async Task A_service_gets_an_address_and_its_defaults()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        JsonObject service = (await fixture.CreateAsync("Service", Web)).Document;
        Assert.True(Ipv4Prefix.Parse("10.96.0.0/12").Contains(Ipv4Address.Parse(service.Text("spec.clusterIP"))));
        Assert.Equal([service.Text("spec.clusterIP")], service.Texts("spec.clusterIPs"));
        Assert.Equal(("ClusterIP", "None", "SingleStack", "Cluster"), (service.Text("spec.type"), service.Text("spec.sessionAffinity"), service.Text("spec.ipFamilyPolicy"), service.Text("spec.internalTrafficPolicy")));
        Assert.Equal(80, service.Objects("spec.ports").Single().Number("targetPort"));
        Assert.NotNull(service.Object("status.loadBalancer"));
    }

    [Fact]
    public async Task No_address_or_port_is_given_twice_and_a_deletion_gives_them_back()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiObject[] all = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => fixture.CreateAsync("Service",
            $$$"""{"metadata":{"name":"s{{{i}}}"},"spec":{"type":"NodePort","ports":[{"port":80,"name":"a"},{"port":81,"name":"b"}]}}"""))));
        Assert.Equal(200, all.Select(each => each.Document.Text("spec.clusterIP")).Distinct().Count());
        Assert.Equal(400, all.SelectMany(each => each.Document.Objects("spec.ports")).Select(port => port.Number("nodePort")).Distinct().Count());
        JsonObject first = all[0].Document;
        ApiException e = await ApiFixture.FailsAsync(() => CreateAt(fixture, "again", first.Text("spec.clusterIP")));
        Assert.Equal($"Service \"again\" is invalid: spec.clusterIPs: Invalid value: []string{{\"{first.Text("spec.clusterIP")}\"}}: failed to allocate IP {first.Text("spec.clusterIP")}: provided IP is already allocated", e.Message);
        await fixture.DeleteAsync("Service", "s0");
        await CreateAt(fixture, "again", first.Text("spec.clusterIP"));
    }

    [Fact]
    public async Task A_node_port_that_is_taken_is_refused()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        await fixture.CreateAsync("Service", """{"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}""");
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", """{"metadata":{"name":"b"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}"""));
        Assert.Equal("Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated", e.Message);
        Assert.Contains("The range of valid ports is 30000-32767", (await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", """{"metadata":{"name":"b"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":80}]}}"""))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_range_that_is_full_is_told_and_a_deletion_makes_room()
    {
        // pkg/registry/core/service/storage/alloc.go with ipallocator.ErrFull and portallocator.ErrFull: an internal error, not one of a field.
        ApiFixture fixture = await ApiFixture.NewAsync(services: new(Ipv4Prefix.Parse("10.96.0.0/28"), 30_000, 30_003));
        for (int i = 0; i < 4; i++)
            await fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"n{{{i}}}"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""");
        ApiException ports = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", """{"metadata":{"name":"more"},"spec":{"type":"NodePort","ports":[{"port":80}]}}"""));
        Assert.Equal((500, "Internal error occurred: failed to allocate a nodePort: range is full"), (ports.Code, ports.Message));
        // 14 addresses, and 4 are given; a protocol has ports of its own.
        for (int i = 0; i < 10; i++)
            await fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"c{{{i}}}"},"spec":{"ports":[{"port":80}]}}""");
        ApiException addresses = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", """{"metadata":{"name":"more"},"spec":{"ports":[{"port":80}]}}"""));
        Assert.Equal((500, "Internal error occurred: failed to allocate a serviceIP: range is full"), (addresses.Code, addresses.Message));
        await fixture.DeleteAsync("Service", "n0");
        await fixture.CreateAsync("Service", """{"metadata":{"name":"more"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""");
    }

    [Fact]
    public async Task Ports_that_are_chosen_for_somebody_come_from_the_upper_part_first()
    {
        // KEP-3668: of 64 ports the lower 16 are left to people.
        ApiFixture fixture = await ApiFixture.NewAsync(services: new(Ipv4Prefix.Parse("10.96.0.0/24"), 30_000, 30_063));
        var chosen = new List<long>();
        for (int i = 0; i < 64; i++)
            chosen.Add((await fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"n{{{i}}}"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""")).Document.Objects("spec.ports").Single().Number("nodePort")!.Value);
        Assert.All(chosen.Take(48), static port => Assert.InRange(port, 30_016, 30_063));
        Assert.All(chosen.Skip(48), static port => Assert.InRange(port, 30_000, 30_015));
        Assert.Equal(64, chosen.Distinct().Count());
    }

    [Fact]
    public async Task A_balanced_service_of_policy_local_has_a_health_check_port_that_nobody_else_gets()
    {
        const string Balanced = """{"metadata":{"name":"b"},"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]}}""";
        ApiFixture fixture = await ApiFixture.NewAsync();
        long port = (await fixture.CreateAsync("Service", Balanced)).Document.Number("spec.healthCheckNodePort")!.Value;
        Assert.InRange(port, 30_086, 32_767);
        ApiException taken = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":{{{port}}}}]}}"""));
        Assert.EndsWith("provided port is already allocated", taken.Message, StringComparison.Ordinal);
        // An update keeps it, another policy gives it back.
        Assert.Equal(port, (await fixture.UpdateAsync("Service", "b", Balanced.Replace("80", "81", StringComparison.Ordinal))).Document.Number("spec.healthCheckNodePort"));
        Assert.Null((await fixture.PatchAsync("Service", "b", PatchForm.Merge, """{"spec":{"externalTrafficPolicy":"Cluster"}}""")).Document.Number("spec.healthCheckNodePort"));
        await fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":{{{port}}}}]}}""");
        ApiException misplaced = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", """{"metadata":{"name":"c"},"spec":{"healthCheckNodePort":30500,"ports":[{"port":80}]}}"""));
        Assert.Equal("Service \"c\" is invalid: spec.healthCheckNodePort: Invalid value: 30500: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'", misplaced.Message);
    }

    [Fact]
    public async Task An_update_keeps_what_was_given()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        JsonObject made = (await fixture.CreateAsync("Service", Web.Replace("\"ports\"", "\"type\":\"NodePort\",\"ports\"", StringComparison.Ordinal))).Document;
        JsonObject changed = (await fixture.UpdateAsync("Service", "web", Web.Replace("\"ports\"", "\"type\":\"NodePort\",\"ports\"", StringComparison.Ordinal).Replace("\"b\"", "\"c\"", StringComparison.Ordinal))).Document;
        Assert.Equal((made.Text("spec.clusterIP"), made.Objects("spec.ports").Single().Number("nodePort")), (changed.Text("spec.clusterIP"), changed.Objects("spec.ports").Single().Number("nodePort")));
        JsonObject plain = (await fixture.PatchAsync("Service", "web", PatchForm.Merge, """{"spec":{"type":"ClusterIP"}}""")).Document;
        Assert.Null(plain.Objects("spec.ports").Single().Number("nodePort"));
        Assert.Equal("Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: []string{\"10.96.1.1\"}: may not change once set",
            (await ApiFixture.FailsAsync(() => fixture.PatchAsync("Service", "web", PatchForm.Merge, """{"spec":{"clusterIP":"10.96.1.1","clusterIPs":["10.96.1.1"]}}"""))).Message);
    }

    [Theory]
    [InlineData("""{"type":"ClusterIP"}""", "Service \"x\" is invalid: spec.ports: Required value")]
    [InlineData("""{"ports":[{"port":80},{"port":81}]}""", "Service \"x\" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]")]
    [InlineData("""{"ports":[{"port":80,"name":"a"},{"port":80,"name":"b"}]}""", "Service \"x\" is invalid: spec.ports[1]: Duplicate value: \"TCP/80\"")]
    [InlineData("""{"ports":[{"port":0}]}""", "Service \"x\" is invalid: [spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive]")]
    [InlineData("""{"type":"Magic","ports":[{"port":80}]}""", "Service \"x\" is invalid: spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")]
    [InlineData("""{"trafficDistribution":"PreferSameNode","ports":[{"port":80}]}""", "Service \"x\" is invalid: spec.trafficDistribution: Unsupported value: \"PreferSameNode\": supported values: \"PreferClose\"")]
    [InlineData("""{"ports":[{"port":80,"nodePort":30080}]}""", "Service \"x\" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'")]
    [InlineData("""{"clusterIP":"1.2.3.4","ports":[{"port":80}]}""", null)]
    [InlineData("""{"clusterIP":"10.96.0.300","ports":[{"port":80}]}""", "Service \"x\" is invalid: spec.clusterIPs[0]: Invalid value: \"10.96.0.300\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    public async Task A_bad_service_is_refused(string spec, string? expected)
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        ApiException e = await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"x"},"spec":{{{spec}}}}"""));
        Assert.Equal(422, e.Code);
        if (expected is not null)
            Assert.Equal(expected, e.Message);
    }

    [Fact]
    public async Task A_headless_service_has_no_address_and_an_external_name_neither()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        Assert.Equal("None", (await fixture.CreateAsync("Service", """{"metadata":{"name":"h"},"spec":{"clusterIP":"None"}}""")).Document.Text("spec.clusterIP"));
        Assert.Equal("", (await fixture.CreateAsync("Service", """{"metadata":{"name":"e"},"spec":{"type":"ExternalName","externalName":"example.com"}}""")).Document.Text("spec.clusterIP"));
    }

    [Fact]
    public async Task A_name_begins_with_a_letter()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        Assert.StartsWith("Service \"1x\" is invalid: metadata.name: Invalid value: \"1x\": a DNS-1035 label must consist of",
            (await ApiFixture.FailsAsync(() => fixture.CreateAsync("Service", """{"metadata":{"name":"1x"},"spec":{"ports":[{"port":80}]}}"""))).Message, StringComparison.Ordinal);
    }

    private static Task<ApiObject> CreateAt(ApiFixture fixture, string name, string address) =>
        fixture.CreateAsync("Service", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"clusterIP":"{{{address}}}","ports":[{"port":80}]}}""");
}
