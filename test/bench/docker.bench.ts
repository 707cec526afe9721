/** The same on a Docker Engine, beside what the Engine itself takes. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Gantry } from '../e2e/gantry.ts'
import { importImages } from '../e2e/images.ts'
import { ask } from '../e2e/poll.ts'
import { median, timed, timesRow } from './bench.ts'
import type { Bench, Row } from './bench.ts'
import { BenchCluster } from './cluster.ts'

const run = promisify(execFile)
const image = 'gantry-bench:1'
const busybox = '/bin/busybox'
const url = 'http://127.0.0.1:30081/'
const rounds = 7

export const bench: Bench = {
  refused() {
    if (process.getuid?.() !== 0) return 'the network of Docker pods needs root'
    if (!existsSync(busybox)) return `no ${busybox} to make an image of`
    try {
      execFileSync('docker', ['version'], { stdio: 'ignore' })
      return undefined
    } catch {
      return 'no Docker Engine answers: docker version fails'
    }
  },

  async run(own) {
    own(importImages({ programs: [busybox] }, { [image]: [busybox, 'sleep', '1000'] }))
    const cluster = await BenchCluster.start(0, own, {})
    await cluster.begin([['web.yaml', manifests(0)]])
    await serving(cluster.gantry, 0)
    return [await rolled(cluster), await repaired(cluster.gantry)]
  },
}

async function rolled(cluster: BenchCluster): Promise<Row> {
  const own: number[] = []
  const docker: number[] = []
  for (let version = 1; version <= rounds; version++) {
    docker.push(await dockerRun())
    await cluster.commit(`Version ${version}`, [['web.yaml', manifests(version)]])
    own.push(
      await timed(async () => {
        await cluster.push()
        await serving(cluster.gantry, version)
      }),
    )
    await cluster.gantry.until('rolled', async () => (await containers()).length === 1)
  }
  const alone = median(docker)
  return timesRow('git push → new version serves, Docker', {
    times: own,
    most: alone + 300,
    notes: [`docker run alone ${Math.round(alone)} ms; ratio ${(median(own) / alone).toFixed(1)}`],
  })
}

async function dockerRun(): Promise<number> {
  let id = ''
  const time = await timed(async () => {
    id = (await run('docker', ['run', '--detach', '--network', 'none', image])).stdout.trim()
  })
  await run('docker', ['rm', '--force', id])
  return time
}

async function repaired(gantry: Gantry): Promise<Row> {
  const [id = ''] = await containers()
  const time = await timed(async () => {
    await run('docker', ['rm', '--force', id])
    await gantry.until('repaired', async () => (await containers()).some(other => other !== id))
  })
  return timesRow('a container removed by hand → started again, Docker', {
    times: [time],
    most: 1000,
    notes: ['with the removal itself'],
  })
}

async function serving(gantry: Gantry, version: number): Promise<void> {
  await gantry.until(`version ${version}`, async () => (await ask(url)).trim() === `version ${version}`)
}

/** The running containers of `web`, without what their sandboxes stand on. */
async function containers(): Promise<readonly string[]> {
  const filter = ['--no-trunc', '--filter', `ancestor=${image}`, '--format', '{{.ID}}']
  return (await run('docker', ['ps', ...filter])).stdout.split('\n').filter(line => line !== '')
}

function manifests(version: number): string {
  const script = `${busybox} mkdir -p /data; echo version $VERSION > /data/index.html; exec ${busybox} httpd -f -p 8080 -h /data`
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: ${image}
          command: [${busybox}, sh, -c, ${JSON.stringify(script)}]
          env: [{ name: VERSION, value: "${version}" }]
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: http }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 8080, targetPort: http, nodePort: 30081 }]
`
}
