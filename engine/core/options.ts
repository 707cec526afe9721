import type { ServiceOptions } from '../controllers/service/reconcile.ts'

/** What of a cluster is fixed when its engine starts. */
export interface CoreOptions extends ServiceOptions {
  readonly clusterName: string
}
