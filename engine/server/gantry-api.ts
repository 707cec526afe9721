import type { IncomingMessage } from 'node:http'
import { isDnsSubdomain } from '../api/names.ts'
import type { EngineControls, NodeChanged } from './controls.ts'
import { serveFleetApi } from './fleet-api.ts'
import { wholeNumber } from './read-options.ts'
import type { Exchange } from './respond.ts'
import { sendJson } from './respond.ts'
import { badRequest, StatusError } from './status-error.ts'

const maxBodyBytes = 64 * 1024

/** `/gantry/v1/…`: what the `gantry` command asks beyond the Kubernetes API. @throws StatusError, Refused */
export async function serveGantryApi(exchange: Exchange, url: URL, engine: EngineControls): Promise<void> {
  switch (`${exchange.request.method} ${url.pathname}`) {
    case 'GET /gantry/v1/status':
      return sendJson(exchange, engine.status())
    case 'GET /gantry/v1/history': {
      const limit = wholeNumber(url.searchParams, 'limit') ?? 20
      return sendJson(exchange, { items: await engine.history({ limit }) })
    }
    case 'POST /gantry/v1/rollback': {
      const { commit } = await readBody(exchange.request)
      if (commit !== undefined && typeof commit !== 'string') throw badRequest('commit must be a string')
      return sendJson(exchange, await engine.rollback(commit === undefined ? {} : { commit }))
    }
    case 'POST /gantry/v1/nodes/schedule':
      return sendJson(exchange, await changeNode(await readBody(exchange.request), engine))
    case 'POST /gantry/v1/down': {
      await readBody(exchange.request)
      // It ends once the answer is out.
      exchange.response.once('finish', () => engine.down())
      return sendJson(exchange, {})
    }
    default:
      return serveFleetApi(exchange, url.pathname, {
        fleet: engine.fleet,
        readBody: () => readBody(exchange.request),
      })
  }
}

/** `{ node, change, force, deleteEmptydirData, gracePeriodSeconds }` */
function changeNode(body: Readonly<Record<string, unknown>>, engine: EngineControls): Promise<NodeChanged> {
  const { node, change, force = false, deleteEmptydirData = false, gracePeriodSeconds } = body
  if (typeof node !== 'string' || !isDnsSubdomain(node)) throw badRequest('node must be the name of a node')
  if (change === 'cordon' || change === 'uncordon') return engine.changeNode(node, { kind: change })
  if (change !== 'drain') throw badRequest('change must be one of cordon, uncordon, drain')
  if (typeof force !== 'boolean' || typeof deleteEmptydirData !== 'boolean') {
    throw badRequest('force and deleteEmptydirData must be true or false')
  }
  if (gracePeriodSeconds === undefined) return engine.changeNode(node, { kind: 'drain', force, deleteEmptydirData })
  if (typeof gracePeriodSeconds !== 'number' || !(gracePeriodSeconds >= 0 && gracePeriodSeconds <= 999_999)) {
    throw badRequest('gracePeriodSeconds must be a whole number from 0 to 999999')
  }
  const seconds = Math.trunc(gracePeriodSeconds)
  return engine.changeNode(node, { kind: 'drain', force, deleteEmptydirData, gracePeriodSeconds: seconds })
}

/**
 * A JSON object; empty where there is no body. Its media type keeps a web page's form, which a browser sends without
 * asking first, from being taken for a request.
 */
async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    throw new StatusError('the body must be application/json', { code: 415, reason: 'UnsupportedMediaType' })
  }
  // Told before it is read: to leave a request half read would cut the connection, and the answer with it.
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (!(length <= maxBodyBytes)) {
    throw new StatusError(`the body must have a Content-Length of ${maxBodyBytes} bytes at most`, {
      code: 413,
      reason: 'RequestEntityTooLarge',
    })
  }
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  try {
    const body: unknown = JSON.parse(text === '' ? '{}' : text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  } catch {
    // Said below: what is not JSON is no JSON object either.
  }
  throw badRequest('the body must be a JSON object')
}
