/** What joins the machines of the lab: a bridge in a namespace of its own, so that nothing of the host's is touched. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Machine } from './machine.ts'

const execute = promisify(execFile)

/** Of a range for tests of networks: nobody's addresses. */
const prefix = '198.18.0'
const gateway = `${prefix}.254`

/** What befalls packets between the switch and a machine, in both directions. */
export interface Weather {
  readonly delayMs?: number
  /** Of a hundred packets. */
  readonly lossPercent?: number
}

export class Switch {
  readonly #machine: Machine
  readonly #ports = new Map<Machine, { port: string; weather: Weather }>()

  private constructor(machine: Machine) {
    this.#machine = machine
  }

  static async start(folder: string): Promise<Switch> {
    const machine = await Machine.start('switch', folder)
    await machine.run(['ip', 'link', 'add', 'lab0', 'type', 'bridge'])
    await machine.run(['ip', 'address', 'add', `${gateway}/24`, 'dev', 'lab0'])
    await machine.run(['ip', 'link', 'set', 'lab0', 'up'])
    return new Switch(machine)
  }

  /** Plugs a machine in; resolves to its address. */
  async join(machine: Machine): Promise<string> {
    const number = this.#ports.size + 1
    const port = `port${number}`
    this.#ports.set(machine, { port, weather: {} })
    const ends = [
      'netns',
      String(this.#machine.pid),
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      String(machine.pid),
    ]
    await execute('ip', ['link', 'add', 'name', port, ...ends])
    await this.#machine.run(['ip', 'link', 'set', port, 'master', 'lab0', 'up'])
    await machine.run(['ip', 'link', 'set', 'eth0', 'up'])
    const address = `${prefix}.${number}`
    await this.move(machine, address)
    return address
  }

  /** Gives a machine another address, as a lease that ran out would. */
  async move(machine: Machine, address: string): Promise<void> {
    await machine.run(['ip', 'address', 'flush', 'dev', 'eth0', 'scope', 'global'])
    await machine.run(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'])
    await machine.run(['ip', 'route', 'replace', 'default', 'via', gateway])
  }

  async cut(machine: Machine): Promise<void> {
    await this.#machine.run(['ip', 'link', 'set', this.#port(machine), 'down'])
  }
  async mend(machine: Machine): Promise<void> {
    await this.#machine.run(['ip', 'link', 'set', this.#port(machine), 'up'])
  }

  cutCommand(machine: Machine): string {
    return this.#machine.through(['ip', 'link', 'set', this.#port(machine), 'down']).join(' ')
  }

  /** Delays and loses packets of a machine; `{}` is fair weather. Delays need netem in the kernel. */
  async weather(machine: Machine, weather: Weather): Promise<void> {
    const port = this.#port(machine)
    this.#ports.set(machine, { port, weather })
    const { delayMs } = weather
    const delayed = delayMs === undefined ? [] : ['netem', 'delay', `${delayMs}ms`]
    for (const { on, device } of [
      { on: this.#machine, device: port },
      { on: machine, device: 'eth0' },
    ]) {
      await on.run(['tc', 'qdisc', 'del', 'dev', device, 'root']).catch(() => {})
      if (delayed.length > 0) await on.run(['tc', 'qdisc', 'add', 'dev', device, 'root', ...delayed])
    }
    await this.#lose()
  }

  stop(): Promise<void> {
    return this.#machine.stop()
  }

  /** By the switch's packet filter: kernels without netem have that. */
  async #lose(): Promise<void> {
    const rules = [...this.#ports.values()].flatMap(({ port, weather: { lossPercent } }) =>
      lossPercent === undefined
        ? []
        : ['iifname', 'oifname'].map(
            side => `${side} "${port}" numgen random mod 1000 <= ${lossPercent * 10 - 1} drop`,
          ),
    )
    const hook = 'type filter hook forward priority 0'
    const table = ['table bridge lab {', 'chain forward {', hook, ...rules, '}', '}']
    await this.#machine.run(['nft', ['add table bridge lab', 'delete table bridge lab', ...table].join('\n')])
  }

  #port(machine: Machine): string {
    const plugged = this.#ports.get(machine)
    if (plugged === undefined) throw new Error(`machine ${machine.name} is not plugged in`)
    return plugged.port
  }
}
