import type { NodeNetwork } from '../../network/network.ts'
import { isStatus } from './engine.ts'
import type { DockerEngine } from './engine.ts'
import { ensurePauseImage } from './images.ts'
import type { Owner } from './labels.ts'
import { ensureNetwork } from './network.ts'
import type { PodNetwork } from './network.ts'

export interface Footing {
  readonly pauseImage: string
  readonly network: PodNetwork
}

/**
 * What every sandbox of this node stands on. It is made once, before the first pod comes: looking for it takes a pod
 * some 20 ms, making it some 200.
 */
export class Ground {
  readonly #engine: DockerEngine
  readonly #options: { readonly owner: Owner; readonly network: NodeNetwork }
  #footing: Promise<Footing> | undefined

  constructor(engine: DockerEngine, options: { owner: Owner; network: NodeNetwork }) {
    this.#engine = engine
    this.#options = options
    void this.#make()
  }

  /** Does the work once more on new ground where Docker misses something: it was removed by hand. */
  async stand<T>(work: (footing: Footing) => Promise<T>): Promise<T> {
    try {
      return await work(await (this.#footing ?? this.#make()))
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      return work(await this.#make())
    }
  }

  /** Resolves when nothing is being made any more. */
  async settled(): Promise<void> {
    await this.#footing?.catch(() => undefined)
  }

  #make(): Promise<Footing> {
    const footing = this.#lay()
    this.#footing = footing
    // What failed is tried again by the next pod, which then tells of it.
    footing.catch(() => {
      if (this.#footing === footing) this.#footing = undefined
    })
    return footing
  }

  async #lay(): Promise<Footing> {
    const [pauseImage, network] = await Promise.all([
      ensurePauseImage(this.#engine),
      ensureNetwork(this.#engine, this.#options),
    ])
    return { pauseImage, network }
  }
}
