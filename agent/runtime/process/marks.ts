import { watch } from 'node:fs'

/** The folder into which shims rename what happened: a watch on it, and a look now and then for what nobody renamed. */
export interface Marks {
  /** Resolves once the condition holds; rejects when the time is over. */
  until(condition: () => boolean, timeoutMs: number): Promise<void>
  close(): void
}

export function watchMarks(folder: string, { onChange, everyMs }: { onChange: () => void; everyMs: number }): Marks {
  const waiting = new Set<() => void>()
  const look = (): void => {
    onChange()
    for (const check of waiting) check()
  }
  const watcher = watch(folder, look)
  const timer = setInterval(look, everyMs)
  return {
    until(condition, timeoutMs) {
      return new Promise((resolve, reject) => {
        const check = (): void => {
          if (condition()) done(resolve)
        }
        const late = setTimeout(
          () => done(() => reject(new Error(`nothing came of it within ${timeoutMs} ms`))),
          timeoutMs,
        )
        const done = (settle: () => void): void => {
          clearTimeout(late)
          waiting.delete(check)
          settle()
        }
        waiting.add(check)
        check()
      })
    },
    close() {
      watcher.close()
      clearInterval(timer)
    },
  }
}
