import type { Container } from '../../engine/api/types.ts'
import type { PodFacts } from './facts.ts'

/** Makes sure of a container's image, and tells of it in the kubelet's words. */
export async function ensureImage(container: Container, { runtime, onEvent }: PodFacts): Promise<void> {
  const { image = '', imagePullPolicy: policy } = container
  const onPull = () => onEvent({ type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` })
  const begun = performance.now()
  const { stale, pulledBytes } = await runtime.ensureImage(image, { policy, onPull })
  if (stale !== undefined) {
    const message = `${stale}; the image that this node has is used as it is`
    onEvent({ type: 'Warning', reason: 'ImageNotChecked', message })
  } else if (pulledBytes === undefined) {
    onEvent({ type: 'Normal', reason: 'Pulled', message: `Container image "${image}" already present on machine` })
  } else {
    const seconds = ((performance.now() - begun) / 1000).toFixed(3)
    const message = `Successfully pulled image "${image}" in ${seconds}s. Image size: ${pulledBytes} bytes.`
    onEvent({ type: 'Normal', reason: 'Pulled', message })
  }
}
