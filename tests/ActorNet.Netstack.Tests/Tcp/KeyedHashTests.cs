namespace ActorNet.Netstack.Tests;

/// <summary>SipHash-2-4 against the vector for 24 bytes 00 to 17 under the key 00 to 0f (vectors.h of the reference implementation).</summary>
public sealed class KeyedHashTests
{
    [Fact]
    public void The_reference_vector_comes_out() =>
        Assert.Equal(
            0xB8AD_50C6_F649_AF94,
            new KeyedHash(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908).Of(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908, 0x1716_1514_1312_1110));
}
