/** What outlives the engine: its repository, the record on the observed branch, the versions and the notes. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import { refOf } from './api/reference.ts'
import type { KubeObject } from './api/types.ts'
import { clockTrouble, createClock } from './clock.ts'
import type { ObjectChange } from './cluster/view.ts'
import type { DataFolder } from './data.ts'
import { checkGit } from './git/check-git.ts'
import { holdsPassword } from './git/credentials.ts'
import { openRepository } from './git/open.ts'
import type { Repository } from './git/repository.ts'
import { ensureSigningKey } from './git/signing-key.ts'
import { createSource } from './git/source.ts'
import type { Source } from './git/source.ts'
import { notesRef } from './record/fate.ts'
import { createMirror } from './record/mirror.ts'
import type { MirrorState } from './record/mirror.ts'
import { createRecorder } from './record/recorder.ts'
import { digestWith, ensureDigestKey, holdsDigests } from './record/secret-digest.ts'
import { createVersionReserve } from './record/version-reserve.ts'
import { createProgressNotes } from './progress-notes.ts'
import type { DigestKey } from './record/secret-digest.ts'
import type { Renderer } from './render/renderer.ts'
import { refillSecrets } from './refill-secrets.ts'
import { seed } from './seed.ts'

export interface StateOptions {
  readonly data: DataFolder
  readonly repo: string | undefined
  readonly branch: string
  readonly paths: readonly string[] | undefined
  readonly log: Logger
  /** Tells a person. */
  say(line: string): void
}

export interface State {
  readonly repository: Repository
  /** The key that signs the record. */
  readonly publicKey: string
  /** The remote that is followed; undefined where the own repository is. */
  readonly source: Source | undefined
  /** This start made the repository, with the example in it. */
  readonly seeded: boolean
  readonly now: () => number
  /** Above every resourceVersion that an earlier start may have given. */
  readonly startVersion: number
  /** The recorded objects, Secrets with their values again. */
  restore(renderer: Renderer): Promise<KubeObject[]>
  record(changes: readonly ObjectChange[]): Promise<void>
  reserve(resourceVersion: number): Promise<void>
  /** Notes on the desired commits when they were applied and became healthy. */
  noteProgress(cluster: ClusterObject): void
  /** The newest record commit that this start has made. */
  readonly head: string | undefined
  mirror(): MirrorState | undefined
  close(): Promise<void>
}

const openPassword =
  'everybody on this machine can read the password in --repo, in the list of processes; ' +
  'give it in GANTRY_REPO_TOKEN or ~/.netrc instead'

/** Versions reserved ahead at a time: an fsync each. */
const versionBlock = 10_000
/** Each record commit leaves a pack behind; how often it is looked whether there are enough to join. */
const commitsBetweenPacking = 32

export async function openState(options: StateOptions): Promise<State> {
  const { data, branch } = options
  await checkGit()
  const signingKey = join(data.keys, 'record')
  const publicKey = await ensureSigningKey(signingKey)
  const digestKey = await ensureDigestKey(join(data.keys, 'digest'))
  const repository = await openRepository(data.repository, { signingKey, create: { defaultBranch: branch } })
  try {
    return await openRecord(options, { repository, publicKey, digestKey })
  } catch (error) {
    // Its processes would keep this one from ending.
    await repository.close()
    throw error
  }
}

interface Opened {
  readonly repository: Repository
  readonly publicKey: string
  readonly digestKey: DigestKey
}

async function openRecord(options: StateOptions, { repository, publicKey, digestKey }: Opened): Promise<State> {
  const { data, log, branch } = options
  const cluster = data.identity.clusterName
  const digest = digestWith(digestKey)
  const recorder = createRecorder({ repository, cluster, trustedKeys: [publicKey], digest })
  const recorded = (await recorder.restore()) ?? []
  const head = await repository.resolve(recorder.ref)
  const recordedAt = head === undefined ? 0 : (await repository.readCommit(head)).committedAt * 1000
  const trouble = clockTrouble(recordedAt, Date.now())
  if (trouble !== undefined) options.say(trouble)
  const now = createClock(recordedAt)
  const floor = recorded.reduce((most, { metadata }) => Math.max(most, Number(metadata.resourceVersion ?? 0)), 0)
  const versions = await createVersionReserve({ file: data.file('versions'), block: versionBlock, floor })
  if (options.repo !== undefined && holdsPassword(options.repo)) options.say(openPassword)
  const remote = options.repo === undefined ? undefined : openSource(options.repo, { repository, branch })
  const seeded = remote === undefined && (await seed(repository, { branch, at: Math.floor(now() / 1000) }))
  const mirror = remote && createMirror({ repository, remote, refs: [recorder.ref, notesRef(cluster)] })
  // What an earlier start recorded last may not have reached the remote.
  mirror?.changed()
  let isAway = false
  const source = remote && {
    ...remote,
    async fetch() {
      try {
        const fetched = await remote.fetch()
        // Only then: one that may be read and not written is not to be asked every few seconds.
        if (isAway) mirror?.reachable()
        isAway = false
        return fetched
      } catch (error) {
        isAway = true
        throw error
      }
    },
  }
  const notes = createProgressNotes({
    repository,
    cluster,
    onWritten: () => mirror?.changed(),
    onTrouble: error => log.error(error, 'the note on the applied commit cannot be written; trying again'),
  })

  let newest = head
  let commits = 0
  let packing: Promise<void> = Promise.resolve()

  return {
    repository,
    publicKey,
    source,
    seeded,
    now,
    startVersion: versions.start,
    get head() {
      return newest
    },

    async restore(renderer) {
      const own = recorded.find(object => refOf(object).kind === clusterKind) as ClusterObject | undefined
      // Gantry may have been killed between a record and its note.
      if (own !== undefined) notes.note(own)
      const applied = own?.status.revision?.commit
      if (!recorded.some(holdsDigests) || applied === undefined) return recorded
      return refillSecrets(recorded, { repository, renderer, digestKey, applied, paths: options.paths })
    },

    async record(changes) {
      const made = await recorder.record(changes, new Date(now()))
      if (made === undefined) return
      newest = made
      mirror?.changed()
      if (++commits % commitsBetweenPacking !== 0) return
      packing = repository.consolidate().catch((error: unknown) => log.warn(error, 'the packs could not be joined'))
    },

    reserve: resourceVersion => versions.ensure(resourceVersion),

    noteProgress: object => notes.note(object),

    mirror: () => mirror?.state(),

    async close() {
      await notes.close()
      await packing
      await mirror?.close()
      await source?.close()
      await repository.close()
    },
  }
}

/** A token in GANTRY_REPO_TOKEN stands in no list of processes; nobody whom Gantry starts gets to see it. */
function openSource(url: string, options: { repository: Repository; branch: string }): Source {
  const token = process.env['GANTRY_REPO_TOKEN'] ?? ''
  delete process.env['GANTRY_REPO_TOKEN']
  return createSource({ ...options, url, ...(token === '' ? {} : { credentials: { kind: 'token', token } }) })
}
