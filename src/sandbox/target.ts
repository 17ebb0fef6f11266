import { SandboxError } from './sandbox-error.js'

/**
 * The URL of the server under test without a slash at its end; null for none.
 *
 * @throws {@link SandboxError} where it is no http or https URL without a user, query and fragment
 */
export function readTarget(target: unknown): string | null {
  if (target === undefined || target === null) return null
  const url = typeof target === 'string' && URL.canParse(target) ? new URL(target) : undefined
  const plain =
    url && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw new SandboxError(
      'SANDBOX_BAD_REQUEST',
      'target: must be the http or https URL of a server, as http://127.0.0.1:3000',
    )
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}
