/** The systemd units of `gantry install`. */

export type Installed = 'engine' | 'agent'

export interface UnitOptions {
  /** The command line: node, the program, its arguments. */
  readonly command: readonly string[]
}

const descriptions: Readonly<Record<Installed, string>> = {
  engine: 'Gantry engine: runs containers from a git repository',
  agent: 'Gantry agent: runs the pods of this node',
}

export function unitName(kind: Installed): string {
  return `gantry-${kind}.service`
}

/**
 * An agent's pods and its proxy outlive it: KillMode=process ends the agent alone, so that a restart or an upgrade leaves
 * them running. An engine has nothing that should.
 */
export function unitText(kind: Installed, { command }: UnitOptions): string {
  return `[Unit]
Description=${descriptions[kind]}
Wants=network-online.target
After=network-online.target${kind === 'agent' ? ' docker.service' : ''}

[Service]
ExecStart=${command.map(quoteWord).join(' ')}
KillMode=${kind === 'agent' ? 'process' : 'mixed'}
Restart=always
RestartSec=1
TimeoutStopSec=30
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`
}

/** A word as systemd reads it back: no specifier, no variable, no escape (systemd.service(5), "Command lines"). */
export function quoteWord(word: string): string {
  const literal = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(literal)
    ? literal
    : `"${literal.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
}
