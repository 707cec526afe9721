/** The version of the Kubernetes API whose meanings are followed. */
export const kubernetesVersion = { major: '1', minor: '34' } as const
