import * as v from 'valibot'
import { fingerprint, keyOrToken } from '../mask.js'
import { jsonReply, type Reply } from '../reply.js'
import { SandboxError } from '../sandbox-error.js'
import type { WatchedStore } from '../store/types.js'
import { localOnly } from './guard.js'
import { object, readBody } from './schemas.js'
import type { Controlled, Methods } from './types.js'

const storeBody = object({
  state: v.picklist(['up', 'down', 'silent'], 'must be up, down or silent'),
})

// Of base64 only what is a key from end to end: what is sealed shows as it is.
const plainSecret = new RegExp(`(?<![A-Za-z0-9+/])(?:${keyOrToken.source})(?![A-Za-z0-9+/=])`, 'g')

/** Shows what is there as it is, as nothing of it should be a secret in plain text; where one is, it is hidden. */
function withoutSecrets(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') {
    return secrets
      .reduce((text, secret) => text.replaceAll(secret, '***'), value)
      .replace(plainSecret, fingerprint)
  }
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      withoutSecrets(name, secrets),
      withoutSecrets(one, secrets),
    ]),
  )
}

async function describe(store: WatchedStore | null, secrets: readonly string[]): Promise<Reply> {
  if (store === null) return jsonReply(200, { kind: null, state: 'up', entries: [] })
  const { kind, state } = store
  // The sandbox' own way to it is open, but what a server cannot see nobody should think it can.
  const entries = state === 'up' ? await store.entries().catch(() => []) : []
  return jsonReply(200, { kind, state, entries: withoutSecrets(entries, secrets) })
}

/** `/__sandbox/store`: what the store of the server under test holds, and taking it away. */
export function createStoreRoute({ store, world }: Pick<Controlled, 'store' | 'world'>): Methods {
  const secrets = world.apps.all.map(({ secret }) => secret)
  return {
    GET({ local }) {
      localOnly(local, 'What the store holds is shown')
      return describe(store(), secrets)
    },
    POST({ body, local }) {
      localOnly(local, 'The store is taken away')
      const { state } = readBody(storeBody, body)
      const attached = store()
      if (attached === null) {
        throw new SandboxError(
          'SANDBOX_NO_STORE',
          'The sandbox sees no store: start it with --redis <url> and give the server the URL that it prints, or use sandbox.tapRedis or sandbox.watchStore',
        )
      }
      attached.state = state
      return describe(attached, secrets)
    },
  }
}
