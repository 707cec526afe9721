/** A node's request for a certificate (PKCS#10): proof that it holds the key, and the name that it asks for. */
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { isDnsSubdomain } from '../api/names.ts'
import type { NodeName } from '../api/types.ts'
import { nodeGroup, nodeUser } from '../protocol/joining.ts'
import type { Refusal } from '../protocol/joining.ts'

/** The request's public key, where it may become node `node`'s. Of what else it asks for nothing is given. */
export async function checkNodeRequest(pem: string, node: NodeName): Promise<x509.PublicKey | Refusal> {
  if (!isDnsSubdomain(node)) {
    return refuse(`${JSON.stringify(node)} is no name for a node`, 'use lower-case letters, digits, dashes and dots')
  }
  const request = parse(pem)
  if (request === undefined || !(await request.verify().catch(() => false))) {
    return refuse(
      `the certificate request of node ${node} is not signed by its key`,
      'remove the identity folder of the agent and join again',
    )
  }
  const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string }
  if (name !== 'Ed25519' && namedCurve !== 'P-256') {
    return refuse(`the key of node ${node} is ${namedCurve ?? name}`, 'use P-256 or Ed25519')
  }
  const wanted = `O=${nodeGroup}, CN=${nodeUser(node)}`
  if (request.subject !== wanted) {
    const reason = `node ${node} asks for a certificate of ${JSON.stringify(request.subject)}`
    return refuse(reason, `a node gets one of ${JSON.stringify(wanted)} alone`)
  }
  return request.publicKey
}

function parse(pem: string): x509.Pkcs10CertificateRequest | undefined {
  try {
    return new x509.Pkcs10CertificateRequest(pem)
  } catch {
    return undefined
  }
}

function refuse(reason: string, remedy: string): Refusal {
  return { reason, remedy }
}
