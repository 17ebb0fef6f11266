/** Where a Redis URL leads. */
export type RedisTarget =
  | { kind: 'client' }
  | ({ kind: 'cluster'; database?: undefined } & Nodes)
  | ({ kind: 'sentinel'; name: string; database?: number } & Nodes)

interface Nodes {
  nodes: { host: string; port: number }[]
  tls: boolean
  username?: string
  password?: string
}

const defaultPorts = { cluster: 6379, sentinel: 26379 }

// Of the URL itself nothing is quoted: a password stands in it.
const wrong = (what: string): TypeError =>
  new TypeError(
    `The Redis URL ${what}. It must look like redis://host:6379, redis+sentinel://host:26379,host:26379/name or redis+cluster://host:6379,host:6379 (rediss for TLS).`,
  )

function nodeOf(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] =
    /^(?:\[([\da-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65535) throw wrong('has a node that is no host:port')
  return { host, port: port === undefined ? defaultPort : Number(port) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('has a percent sign that encodes nothing (%25 is the sign itself)')
  }
}

/** Reads a URL with one host or, for a cluster and for Sentinel, several. */
export function parseRedisUrl(url: string): RedisTarget {
  const [, scheme, kind, credentials, hosts, path = ''] =
    /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/]*)@)?([^/?#]*)(\/[^?#]*)?$/.exec(url) ?? []
  if (kind === undefined) {
    const plain = URL.canParse(url) ? new URL(url) : undefined
    if (!/^rediss?:$/.test(plain?.protocol ?? '') || plain!.hostname.includes(',')) {
      throw wrong('is not valid')
    }
    if (!/^\/?\d*$/.test(plain!.pathname)) throw wrong('has a path that is no database')
    if (plain!.search !== '' || plain!.hash !== '') throw wrong('has a query, which nothing reads')
    // node-redis' own errors for these are none that say so.
    decoded(plain!.username)
    decoded(plain!.password)
    return { kind: 'client' }
  }
  const [, username, password] = /^([^:]*):?(.*)$/s.exec(credentials ?? '')!.map(decoded)
  const common: Nodes = {
    nodes: hosts!
      .split(',')
      .map((text) => nodeOf(text, defaultPorts[kind as keyof typeof defaultPorts])),
    tls: scheme === 'rediss',
    ...(username && { username }),
    ...(password && { password }),
  }
  const [name, database, ...more] = path.slice(1).split('/') as [string, string?, ...string[]]
  if (kind === 'cluster') {
    if (name !== '') throw wrong('of a cluster has a path; a cluster has no databases')
    return { kind, ...common }
  }
  if (name === '' || more.length > 0 || !/^\d{0,5}$/.test(database ?? '')) {
    throw wrong(
      'of Sentinel must end with the name of the master, and a number where a database is meant',
    )
  }
  return {
    kind: 'sentinel',
    name: decoded(name),
    ...common,
    ...(database && { database: Number(database) }),
  }
}
