import { isIP } from 'node:net'
import { SandboxError } from '../sandbox-error.js'

/** What of an HTTP request decides whether the control surface may be used. */
export interface Caller {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** The address the connection came in on. */
  readonly localAddress: string | undefined
  /** The address it came from. */
  readonly remoteAddress: string
}

/** Whether a host name or address is this machine's own. */
export const isLoopbackHost = (name: string): boolean =>
  name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))

/** The host of a URL; of an IPv6 address without its brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** The name in a Host header, without port and brackets; undefined for what is no host at all. */
function hostName(host: string): string | undefined {
  try {
    const url = new URL(`http://${host}`)
    return url.pathname === '/' && url.username === '' ? hostOf(url) : undefined
  } catch {
    return undefined
  }
}

/** The address without what an IPv4 connection to a dual-stack socket has before it. */
export const plainAddress = (address = ''): string => address.replace(/^::ffff:/, '')

/** Whether somebody on this machine asks, over a connection that no other machine can have. */
export const isLocal = ({ localAddress }: Caller): boolean =>
  isLoopbackHost(plainAddress(localAddress))

/** Refuses what only somebody on this machine may do. @throws {@link SandboxError} `SANDBOX_FORBIDDEN` */
export function localOnly(local: boolean, what: string): void {
  if (local) return
  throw new SandboxError('SANDBOX_FORBIDDEN', `${what} only for callers on this machine`)
}

/** Whether a caller may have the sandbox send something to this URL, so that nobody reaches through it what is behind. */
export function mayReach(url: string, local: boolean, allowed: readonly string[]): boolean {
  const to = new URL(url)
  return allowed.includes(to.origin) || (local && isLoopbackHost(hostOf(to)))
}

/**
 * Refuses to send a message where the caller could not have sent it, so that nobody reaches through the sandbox what
 * is behind it, and no test sends its made-up events to a real server by mistake.
 *
 * @param local - whether the caller is on this machine
 * @param allowed - origins that may be sent to by everybody
 * @throws {@link SandboxError} `SANDBOX_FORBIDDEN`
 */
export function checkTarget(url: string, local: boolean, allowed: readonly string[]): void {
  if (mayReach(url, local, allowed)) return
  throw new SandboxError(
    'SANDBOX_FORBIDDEN',
    'url: messages are sent to this machine only, for callers on it; allow other origins with pushTargets (--push-target)',
  )
}

/**
 * Refuses a web page that wants to use the control surface: one whose own name was rebound to this machine
 * (Host), and one on another origin (Origin). A page reached under an address instead of a name cannot
 * have been rebound, so the address of the connection itself is good.
 *
 * @param listenHost - the host the sandbox was told to listen on
 * @throws {@link SandboxError} `SANDBOX_FORBIDDEN`
 */
export function checkCaller(caller: Caller, listenHost: string | undefined): void {
  const host = caller.host ?? ''
  const name = hostName(host)
  const known =
    name !== undefined &&
    (isLoopbackHost(name) ||
      name === listenHost?.toLowerCase() ||
      name === plainAddress(caller.localAddress))
  if (!known) {
    throw new SandboxError(
      'SANDBOX_FORBIDDEN',
      'Host: the control surface answers only to localhost and to the host it was told to listen on (--host)',
    )
  }
  if (caller.origin !== undefined && caller.origin !== `http://${host}`) {
    throw new SandboxError(
      'SANDBOX_FORBIDDEN',
      'Origin: the control surface cannot be used by web pages of another origin',
    )
  }
}
