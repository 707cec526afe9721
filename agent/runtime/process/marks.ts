import { watch } from 'node:fs'
import type { ContainerId } from '../runtime.ts'

/** The folder into which shims rename what happened: a watch on it, and a look now and then for what nobody renamed. */
export interface Marks {
  /** Resolves once the condition holds; rejects when the time is over. */
  until(condition: () => boolean, timeoutMs: number): Promise<void>
  /** Whether the condition came to hold in that time. */
  holds(condition: () => boolean, timeoutMs: number): Promise<boolean>
  close(): void
}

export function watchMarks(
  folder: string,
  { onChange, everyMs }: { onChange: (id: ContainerId | undefined) => void; everyMs: number },
): Marks {
  const waiting = new Set<() => void>()
  const look = (id?: ContainerId): void => {
    onChange(id)
    for (const check of waiting) check()
  }
  const watcher = watch(folder, (_, file) => look(file?.replace(/\.(started|exited)$/, '')))
  // The folder was taken away: the look now and then still sees what becomes of the processes.
  watcher.on('error', () => look())
  const timer = setInterval(() => look(), everyMs)

  function holds(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise(resolve => {
      const check = (): void => {
        if (condition()) settle(true)
      }
      const late = setTimeout(() => settle(false), timeoutMs)
      function settle(held: boolean): void {
        clearTimeout(late)
        waiting.delete(check)
        resolve(held)
      }
      waiting.add(check)
      check()
    })
  }

  return {
    holds,
    async until(condition, timeoutMs) {
      if (!(await holds(condition, timeoutMs))) throw new Error(`nothing came of it within ${timeoutMs} ms`)
    },
    close() {
      watcher.close()
      clearInterval(timer)
    },
  }
}
