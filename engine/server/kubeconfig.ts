/** The text of a kubeconfig that lets kubectl and other clients in, CA and token within: a file of mode 0600. */
export function kubeconfig(options: { cluster: string; server: string; caPem: string; token: string }): string {
  const { cluster, server, caPem, token } = options
  // JSON is YAML, and quotes whatever a name may hold.
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: cluster, cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
      ],
      users: [{ name: 'gantry', user: { token } }],
      contexts: [{ name: cluster, context: { cluster, user: 'gantry' } }],
      'current-context': cluster,
      preferences: {},
    },
    undefined,
    2,
  )}\n`
}
