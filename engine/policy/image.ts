/** `nginx` is `docker.io/library/nginx`: where an image is pulled from, without its tag and digest. */
export function repositoryOf(image: string): string {
  const [named = ''] = image.split('@', 1)
  const path = named.replace(/:[^/:]*$/, '')
  const [first = ''] = path.split('/', 1)
  if (first !== path && (/[.:]/.test(first) || first === 'localhost')) return path
  return `docker.io/${path.includes('/') ? '' : 'library/'}${path}`
}

/** Whether nothing says which version of the image is meant. A digest ends as a tag does: `@sha256:…`. */
export function isLatest(image: string): boolean {
  const tag = /:([^/:]*)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest'
}
