/** Results that follow from a text alone, so that releases of one chart share them. Of so many the latest used are kept. */
export class Remembered<Value> {
  readonly #most: number
  readonly #known = new Map<string, Value>()

  constructor(most: number) {
    this.#most = most
  }

  get(text: string, make: () => Value): Value {
    const value = this.#known.get(text) ?? make()
    this.#known.delete(text)
    this.#known.set(text, value)
    const [oldest] = this.#known.keys()
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest)
    return value
  }
}
