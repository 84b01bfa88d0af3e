using System.Text;

namespace ActorNet.ApiServer.Front;

/// <summary>The file by which kubectl and the client libraries find the API and show who they are (client-go: tools/clientcmd/api/v1).</summary>
public static class Kubeconfig
{
    /// <summary>Writes a file with one cluster, one user and one context; certificates and key are inside.</summary>
    /// <param name="server">The API's base address.</param>
    /// <param name="authority">The authority's certificate as PEM.</param>
    /// <param name="user">The user's name in the file.</param>
    /// <param name="certificate">The user's certificate as PEM.</param>
    /// <param name="key">The user's key as PEM.</param>
    public static string Of(Uri server, string authority, string user, string certificate, string key)
    {
        ArgumentNullException.ThrowIfNull(server);
        return $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: actornet
              cluster:
                server: {server.GetLeftPart(UriPartial.Authority)}
                certificate-authority-data: {Data(authority)}
            users:
            - name: "{user}"
              user:
                client-certificate-data: {Data(certificate)}
                client-key-data: {Data(key)}
            contexts:
            - name: actornet
              context:
                cluster: actornet
                user: "{user}"
            current-context: actornet

            """.ReplaceLineEndings("\n");
    }

    private static string Data(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
