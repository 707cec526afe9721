import manifest from '../package.json' with { type: 'json' }

/** Gantry's own version. */
export const version: string = manifest.version
