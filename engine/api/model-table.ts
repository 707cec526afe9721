/** A kind of Kubernetes as the generated table gives it. */
export interface ResourceRow {
  /** `''` for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** The name of its model in the ModelTable. */
  readonly model: string
}

/** Model → field → type text: `V1Container[]!` is a list that must be there, `quantity{}` a map of quantities. */
export type ModelTable = Readonly<Record<string, Readonly<Record<string, string>>>>
