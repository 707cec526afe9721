import type { ImageInspectInfo } from 'dockerode'
import { Readable } from 'node:stream'
import { ImageError } from '../runtime.ts'
import type { ImagePresence, ImageRequest } from '../runtime.ts'
import { DockerError, isStatus, orMissing } from './engine.ts'
import type { DockerEngine } from './engine.ts'
import { pauseProgram, pauseTag } from './pause.ts'
import type { Architecture } from './pause.ts'
import { tarOf } from './tar.ts'

/**
 * A registry that is away is no reason to stop what the node can run: where kubelet would fail, `Always` then takes the
 * image that is there. One that answers and refuses is: the right to the image may be gone.
 */
const unreachable =
  /dial tcp|no such host|connection refused|i\/o timeout|network is unreachable|TLS handshake timeout|Client\.Timeout|deadline exceeded|no answer/

/** How long a registry may take to answer where the node has the image: a container that is restarted waits for it. */
const patienceMs = 10_000

export async function ensureImage(
  engine: DockerEngine,
  image: string,
  { policy, onPull }: ImageRequest,
): Promise<ImagePresence> {
  const present = await findImage(engine, image)
  if (present !== undefined && policy !== 'Always') return { imageID: imageIdOf(present) }
  if (policy === 'Never') {
    throw new ImageError(
      'ErrImageNeverPull',
      `image ${image} is not present on the node, and imagePullPolicy is Never: load it there, or choose IfNotPresent`,
    )
  }
  onPull?.()
  try {
    await pull(engine, { image, patienceMs: present && patienceMs })
  } catch (error) {
    if (present === undefined || !(error instanceof ImageError) || !unreachable.test(error.message)) throw error
    return { imageID: imageIdOf(present), stale: error.message }
  }
  const pulled = await findImage(engine, image)
  if (pulled === undefined) throw new ImageError('ErrImagePull', `image ${image} was pulled but is not there`)
  return { imageID: imageIdOf(pulled), pulledBytes: pulled.Size }
}

/** As many as a kubelet tells of. */
const mostListed = 50

/** The images of the node that have a name, the largest first. */
export async function listImages(engine: DockerEngine): Promise<{ names: string[]; sizeBytes: number }[]> {
  const images = await engine.call('list the images', api => api.listImages())
  return images
    .map(({ RepoDigests, RepoTags, Size }) => ({
      names: [...(RepoDigests ?? []), ...(RepoTags ?? [])].filter(name => !name.startsWith('<none>')),
      sizeBytes: Size,
    }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1))
    .slice(0, mostListed)
}

export async function findImage(engine: DockerEngine, image: string): Promise<ImageInspectInfo | undefined> {
  // It becomes part of a path: what no reference holds is refused before.
  if (!/^[\w.:/@-]+$/.test(image)) throw invalidName(image, new Error('it holds more than letters, digits and ._:/@-'))
  try {
    return await orMissing(engine.call(`look at image ${image}`, api => api.getImage(image).inspect()))
  } catch (error) {
    if (isStatus(error, 400)) throw invalidName(image, error)
    throw error
  }
}

/** The id of the pause image, which is made and imported where it is not there yet: Podman knows it by another name. */
export async function ensurePauseImage(engine: DockerEngine): Promise<string> {
  const { Arch } = await engine.call('ask the Docker Engine for its version', api => api.version())
  const architecture = architectures[Arch]
  if (architecture === undefined) {
    throw new Error(`the Docker Engine runs on ${Arch}, for which Gantry has no pause program: use amd64 or arm64`)
  }
  const tag = pauseTag(architecture)
  const reference = `gantry-pause:${tag}`
  const present = await findImage(engine, reference)
  if (present !== undefined) return present.Id
  const archive = tarOf('pause', pauseProgram(architecture))
  await engine.change('import the pause image', async api => {
    const changes = ['ENTRYPOINT ["/pause"]', 'LABEL dev.gantry.pause=true', 'USER 65535:65535']
    // Podman knows no tag but that of the name. One chunk: a Buffer handed to `Readable.from` is iterated byte by byte.
    const progress = await api.importImage(Readable.from([archive]), { repo: reference, changes })
    await drained(progress)
  })
  const imported = await findImage(engine, reference)
  if (imported === undefined) throw new Error(`the pause image ${reference} was imported and is not there`)
  return imported.Id
}

/** By Go's names for them, which Docker's API uses. */
const architectures: Readonly<Record<string, Architecture>> = { amd64: 'x86_64', arm64: 'aarch64' }

/** The Engine answers once the registry has: with `patienceMs` the pull is given up where it has not by then. */
async function pull(
  engine: DockerEngine,
  { image, patienceMs: limitMs }: { image: string; patienceMs: number | undefined },
): Promise<void> {
  const patience = new AbortController()
  try {
    await engine.change(`pull image ${image}`, async api => {
      const timer = limitMs === undefined ? undefined : setTimeout(() => patience.abort(), limitMs)
      try {
        const reference = /[:@][^/]+$/.test(image) ? image : `${image}:latest`
        await drained(await api.pull(reference, { abortSignal: patience.signal }))
      } finally {
        clearTimeout(timer)
      }
    })
  } catch (error) {
    if (patience.signal.aborted) {
      const seconds = (limitMs ?? 0) / 1000
      throw new ImageError('ErrImagePull', `image ${image} could not be pulled: no answer within ${seconds} s`)
    }
    if (isStatus(error, 400)) throw invalidName(image, error)
    if (error instanceof DockerError && error.status === undefined && error.reason.includes('does not answer'))
      throw error
    throw new ImageError('ErrImagePull', `image ${image} could not be pulled: ${wordsOf(error)}`)
  }
}

function invalidName(image: string, error: unknown): ImageError {
  return new ImageError('InvalidImageName', `"${image}" is not the name of an image: ${wordsOf(error)}`)
}

function wordsOf(error: unknown): string {
  if (error instanceof DockerError) return error.reason
  return error instanceof Error ? error.message : String(error)
}

/** Where several registries hold it, by digest; an image made here has only its own id. */
function imageIdOf({ RepoDigests, Id }: ImageInspectInfo): string {
  return RepoDigests?.[0] ?? Id
}

/** Reads a stream of progress to its end: a failure is told in it, a line of JSON with `error`. */
async function drained(progress: NodeJS.ReadableStream): Promise<void> {
  let text = ''
  for await (const chunk of progress) text += String(chunk)
  for (const line of text.split('\n').filter(part => part.trim() !== '')) {
    const message: unknown = JSON.parse(line)
    if (typeof message === 'object' && message !== null && 'error' in message) throw new Error(String(message.error))
  }
}
