/** How a machine is a node: what `gantry up` and `gantry agent` ask alike. */
export interface NodeOptions {
  readonly runtime: 'auto' | 'docker' | 'process'
  /** The address that other nodes reach this machine by; found by itself where absent. */
  readonly nodeIP: string | undefined
  readonly nodeAddress: string
  /** `key=value` */
  readonly labels: readonly string[]
  /** `key=value:effect` */
  readonly taints: readonly string[]
  /** `cpu=500m,memory=1Gi`; nothing where absent. */
  readonly systemReserved: string | undefined
}

/** What the agent's program is started with: it checks them. */
export function nodeArguments(options: NodeOptions): readonly string[] {
  const { runtime, nodeIP, nodeAddress, labels, taints, systemReserved } = options
  return [
    ...['--runtime', runtime, '--node-address', nodeAddress],
    ...(nodeIP === undefined ? [] : ['--node-ip', nodeIP]),
    ...labels.map(text => `--label=${text}`),
    ...taints.map(text => `--taint=${text}`),
    ...(systemReserved === undefined ? [] : ['--system-reserved', systemReserved]),
  ]
}
