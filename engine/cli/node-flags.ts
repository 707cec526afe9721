/** The flags by which a machine says what kind of node it is. */
import type { Command } from 'commander'
import { Option } from 'commander'
import type { NodeOptions } from '../node-options.ts'
import { nodeIPHelp, parseNodeIP } from './node-ip.ts'

/** What commander read. */
export interface NodeFlags {
  readonly runtime: NodeOptions['runtime']
  readonly nodeIp?: string
  readonly nodeAddress: string
  readonly label: readonly string[]
  readonly taint: readonly string[]
  readonly systemReserved?: string
}

/** @param nodeAddress where NodePorts listen unless the flag says otherwise */
export function withNodeFlags(command: Command, nodeAddress: string): Command {
  return command
    .addOption(
      new Option('--runtime <kind>', 'what runs the pods').choices(['auto', 'docker', 'process']).default('auto'),
    )
    .option('--node-ip <address>', nodeIPHelp, parseNodeIP)
    .option('--node-address <address>', 'where NodePorts listen', nodeAddress)
    .option('--label <key=value>', 'a label of the node; may be given again', collect, [])
    .option('--taint <key=value:effect>', 'a taint of the node; may be given again', collect, [])
    .option('--system-reserved <amounts>', 'kept back for what is not a pod: cpu=500m,memory=1Gi,ephemeral-storage=5Gi')
}

export function nodeOptions(flags: NodeFlags): NodeOptions {
  const { runtime, nodeIp, nodeAddress, label, taint, systemReserved } = flags
  return { runtime, nodeIP: nodeIp, nodeAddress, labels: label, taints: taint, systemReserved }
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}
