/** One holder at a time, in the order of asking. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve()

  hold<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}
