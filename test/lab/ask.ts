/** Asks servers of the lab from its machines, and through pods that ask on: what is reached from where. */
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Machine } from './machine.ts'

/** All that a server says to one who connects from a machine. */
export async function ask(from: Machine, host: string, port: number): Promise<string> {
  return allOf(await from.connect(host, port))
}

/** The same from a pod that runs `askingProgram`; empty where the pod got no answer. */
export async function askThrough(pod: { machine: Machine; ip: string }, host: string, port: number): Promise<string> {
  const socket = await pod.machine.connect(pod.ip, ports.ask)
  socket.write(`${host} ${port}\n`)
  return allOf(socket)
}

/** A server that went away without a word never ends what it began to say. */
async function allOf(socket: Socket): Promise<string> {
  socket.setTimeout(6000, () => socket.destroy(new Error('not a word in 6 s')))
  return (await text(socket)).trim()
}

export const ports = { name: 8080, ask: 8081, large: 8082, link: 8083 } as const
/** How much `ports.large` says. */
export const largeBytes = 2 << 20

/** A program for busybox: says its name, asks another server, says a lot, or what its network interface is. */
export function askingProgram(name: string): string {
  const serve = (port: number, program: string): string => `/bin/busybox nc -ll -p ${port} -e /bin/busybox ${program} &`
  return [
    serve(ports.name, `echo ${name}`),
    serve(ports.ask, `sh -c 'read host port; /bin/busybox nc -w 5 $host $port'`),
    serve(ports.large, `dd if=/dev/zero bs=1024 count=${largeBytes / 1024}`),
    serve(ports.link, 'ip link show eth0'),
    'wait',
  ].join('\n')
}
