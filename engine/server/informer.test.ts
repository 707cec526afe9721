import { KubeConfig, CoreV1Api, makeInformer } from '@kubernetes/client-node'
import type { V1Pod } from '@kubernetes/client-node'
import { afterEach, expect, test } from 'vitest'
import { kubeconfig } from './kubeconfig.ts'
import type { ServerFixture } from './server.fixture.ts'
import { examplePod, selfSigned, startServer, token } from './server.fixture.ts'

let server: ServerFixture
afterEach(() => server.close())

test('an informer of the official client ends equal to a fresh list, through a change that it missed', async () => {
  server = await startServer({ watchBuffer: 5 })
  server.put(examplePod('web-1'), examplePod('web-2'))
  const config = new KubeConfig()
  config.loadFromString(kubeconfig({ cluster: 'hello', server: server.tls.url, caPem: server.tls.caPem, token }))
  const api = config.makeApiClient(CoreV1Api)
  const informer = makeInformer(config, '/api/v1/namespaces/default/pods', () =>
    api.listNamespacedPod({ namespace: 'default' }),
  )
  const heard: string[] = []
  const hear = (what: string) => (pod: V1Pod) => void heard.push(`${what} ${pod.metadata?.name}`)
  informer.on('add', hear('add'))
  informer.on('update', hear('update'))
  informer.on('delete', hear('delete'))
  informer.on('error', () => void setTimeout(() => void informer.start(), 50))
  await informer.start()

  server.put(examplePod('web-3'))
  server.remove(examplePod('web-1'))
  server.put(examplePod('web-2', { labels: { app: 'changed' } }))
  const cached = (): unknown =>
    informer
      .list()
      .map(pod => `${pod.metadata?.name} ${pod.metadata?.labels?.['app']}`)
      .sort()
  await expect.poll(cached).toEqual(['web-2 changed', 'web-3 web'])
  expect(heard).toEqual(['add web-1', 'add web-2', 'add web-3', 'delete web-1', 'update web-2'])

  // More than is kept goes by in one go: the watch is expired, and the informer lists again.
  for (let i = 0; i < 40; i++) server.put(examplePod(`burst-${i}`))
  for (let i = 0; i < 39; i++) server.remove(examplePod(`burst-${i}`))
  await expect.poll(cached, { timeout: 15_000 }).toEqual(['burst-39 web', 'web-2 changed', 'web-3 web'])
  await informer.stop()
})

test('an informer ends equal to a fresh list after the server has restarted', async () => {
  const certificate = await selfSigned()
  server = await startServer({ certificate })
  server.put(examplePod('web-1'), examplePod('web-2'))
  const config = new KubeConfig()
  config.loadFromString(kubeconfig({ cluster: 'hello', server: server.tls.url, caPem: server.tls.caPem, token }))
  const api = config.makeApiClient(CoreV1Api)
  const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces())
  let restart: NodeJS.Timeout | undefined
  informer.on('error', () => {
    restart = setTimeout(() => void informer.start().catch(() => restart?.refresh()), 50)
  })
  await informer.start()
  const cached = (): unknown =>
    informer
      .list()
      .map(pod => pod.metadata?.name)
      .sort()
  await expect.poll(cached).toEqual(['web-1', 'web-2'])

  await server.close()
  server = await startServer({ certificate, tlsPort: Number(new URL(server.tls.url).port), resourceVersion: 1_100 })
  server.put(examplePod('web-2'), examplePod('web-3'))
  await expect.poll(cached, { timeout: 15_000 }).toEqual(['web-2', 'web-3'])
  server.put(examplePod('web-4'))
  await expect.poll(cached, { timeout: 15_000 }).toEqual(['web-2', 'web-3', 'web-4'])
  clearTimeout(restart)
  await informer.stop()
})

test('the client reads lists, objects and errors', async () => {
  server = await startServer()
  server.put(examplePod('web-1'))
  const config = new KubeConfig()
  config.loadFromString(kubeconfig({ cluster: 'hello', server: server.tls.url, caPem: server.tls.caPem, token }))
  const api = config.makeApiClient(CoreV1Api)
  expect((await api.listPodForAllNamespaces()).items.map(pod => pod.metadata?.name)).toEqual(['web-1'])
  expect((await api.readNamespacedPod({ namespace: 'default', name: 'web-1' })).status?.phase).toBe('Running')
  await expect(api.readNamespacedPod({ namespace: 'default', name: 'gone' })).rejects.toMatchObject({ code: 404 })
  await expect(api.deleteNamespacedPod({ namespace: 'default', name: 'web-1' })).rejects.toMatchObject({ code: 405 })
})
