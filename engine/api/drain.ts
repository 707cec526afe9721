/** How a node is drained, as kubectl drain's flags of the same names say it. */
export interface DrainOptions {
  /** Pods that nothing controls go too. */
  readonly force: boolean
  /** Pods with emptyDir volumes go too, and what is in these is lost. */
  readonly deleteEmptydirData: boolean
  /** Instead of each pod's own. */
  readonly gracePeriodSeconds?: number
}

/** What the annotation gantry.dev/drain may hold, in words for a person. */
export const drainWords = '"true", or some of force, delete-emptydir-data and grace-period=SECONDS, separated by commas'

const word = /^(?:force|delete-emptydir-data|grace-period=(?<seconds>\d{1,6}))$/

/** Reads the annotation `gantry.dev/drain`; undefined where it says nothing that makes sense. */
export function parseDrain(text: string): DrainOptions | undefined {
  const words = text === 'true' ? [] : text.split(',').map(part => part.trim())
  if (!words.every(each => word.test(each))) return undefined
  const [seconds] = words.flatMap(each => word.exec(each)?.groups?.['seconds'] ?? [])
  return {
    force: words.includes('force'),
    deleteEmptydirData: words.includes('delete-emptydir-data'),
    ...(seconds === undefined ? {} : { gracePeriodSeconds: Number(seconds) }),
  }
}

/** The annotation that parseDrain reads as these options. */
export function formatDrain({ force, deleteEmptydirData, gracePeriodSeconds }: DrainOptions): string {
  const words = [
    ...(force ? ['force'] : []),
    ...(deleteEmptydirData ? ['delete-emptydir-data'] : []),
    ...(gracePeriodSeconds === undefined ? [] : [`grace-period=${gracePeriodSeconds}`]),
  ]
  return words.length === 0 ? 'true' : words.join(',')
}
