import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pc from 'picocolors'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { kubeconfig } from '../server/kubeconfig.ts'
import { exampleCluster, oddObjects } from '../server/objects.fixture.ts'
import type { ServerFixture } from '../server/server.fixture.ts'
import { startServer, token } from '../server/server.fixture.ts'
import { createProgram } from './program.ts'

const run = promisify(execFile)

/** Gantry keeps no leases, so kubectl finds none to describe. */
function withoutLease(text: string): string {
  return text.replace(/^Lease:.*\n/m, '')
}

describeWith(['kubectl'], 'gantry reads as kubectl does', () => {
  let server: ServerFixture
  let home: string

  beforeAll(async () => {
    server = await startServer()
    home = mkdtempSync(join(tmpdir(), 'gantry-kubectl-'))
    const text = kubeconfig({ cluster: 'hello', server: server.tls.url, caPem: server.tls.caPem, token })
    writeFileSync(join(home, 'kubeconfig'), text, { mode: 0o600 })
    server.put(...exampleCluster, ...oddObjects)
  })
  afterAll(async () => {
    await server.close()
    rmSync(home, { recursive: true })
  })

  async function kubectl(args: readonly string[]): Promise<string> {
    const env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'kubeconfig') }
    const { stdout } = await run('kubectl', args, { env, timeout: 20_000 })
    return stdout
  }

  async function gantry(args: readonly string[]): Promise<string> {
    let output = ''
    const terminal = {
      write: (text: string) => void (output += text),
      note: () => undefined,
      colors: pc.createColors(false),
    }
    const program = createProgram(() => Promise.resolve(terminal))
    await program.parseAsync([...args, '--server', server.url, '--token', token], { from: 'user' })
    return output
  }

  test.each([
    'get pods -n shop',
    'get pods -A',
    'get pods -n shop -o wide',
    'get deployments,services -n shop',
    'get deploy -n shop -o wide',
    'get rs -n shop -o wide',
    'get svc -n shop -o wide',
    'get endpointslices -n shop',
    'get cm,secret -n shop',
    'get nodes -o wide',
    'get ns',
    'get events -n shop',
    'get events -n shop -o wide',
    'get all -n shop',
    'get pod/web-5d8f-abcde svc/web -n shop',
    'get pods -n shop -o name',
    'get pods -n shop -l app=web --field-selector status.phase=Pending',
    'get pod web-5d8f-abcde -n shop -o yaml',
    'get pods -n shop -o yaml',
    'get deploy web -n shop -o json',
    'get cm -n shop -o json',
    'get roles -n shop',
    'logs web-5d8f-abcde -n shop',
    'logs deploy/web -n shop',
    'describe pod web-5d8f-abcde -n shop',
    'describe pods -n shop',
    'describe deploy/web -n shop',
    'describe rs -n shop',
    'describe svc web -n shop',
    'describe cm greeting -n shop',
    'describe secret login -n shop',
    'describe ns shop',
    'describe node node-1',
    'describe node node-2',
    'get pdb -n odd',
    'describe pdb -n odd',
    'get jobs -n odd',
    'get jobs -n odd -o wide',
    'describe jobs -n odd',
    'get pods,svc -n odd -o wide',
    'describe pods -n odd',
    'describe services -n odd',
    'describe endpointslices -n shop',
    'describe events -n shop',
  ])('%s', async line => {
    const args = line.split(' ')
    const [ours, theirs] = await Promise.all([gantry(args), kubectl(args)])
    expect(ours).toBe(withoutLease(theirs))
  })
})
