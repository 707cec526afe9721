export interface RememberedOptions<Value> {
  /** So many bytes are held, as `bytesOf` counts them: whoever writes the texts must not fill the memory. */
  readonly mostBytes: number
  bytesOf(text: string, value: Value): number
}

/** Results that follow from a text alone, so that units with equal texts share them. The latest used are kept. */
export class Remembered<Value> {
  readonly #options: RememberedOptions<Value>
  readonly #known = new Map<string, Value>()
  #bytes = 0

  constructor(options: RememberedOptions<Value>) {
    this.#options = options
  }

  get(text: string, make: () => Value): Value {
    const { mostBytes, bytesOf } = this.#options
    const value = this.#known.get(text) ?? make()
    const bytes = bytesOf(text, value)
    // One that has no room would only drive the others out.
    if (bytes > mostBytes) return value
    this.#forget(text, value)
    this.#known.set(text, value)
    this.#bytes += bytes
    for (const [oldest, known] of this.#known) {
      if (this.#bytes <= mostBytes) break
      this.#forget(oldest, known)
    }
    return value
  }

  #forget(text: string, value: Value): void {
    if (this.#known.delete(text)) this.#bytes -= this.#options.bytesOf(text, value)
  }
}
