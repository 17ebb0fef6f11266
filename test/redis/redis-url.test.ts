import fc from 'fast-check'
import { parseRedisUrl } from '../../src/redis/redis-url.js'

describe('one server', () => {
  test.each([
    'redis://127.0.0.1:6379',
    'rediss://user:secret@example.org:6380/2',
    'redis://[::1]',
    'redis://:p%40ss@example.org',
  ])('is left to node-redis: %s', (url) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'client' })
  })
})

describe('several servers', () => {
  test.each([
    [
      'redis+cluster://10.0.0.1:7000,10.0.0.2:7001',
      { nodes: [host('10.0.0.1', 7000), host('10.0.0.2', 7001)] },
    ],
    ['redis+cluster://a', { nodes: [host('a', 6379)] }],
    ['redis+cluster://a:65535', { nodes: [host('a', 65535)] }],
    ['redis+cluster://a/', { nodes: [host('a', 6379)] }],
    ['redis+cluster://[::1]:7000,[fe80::1]', { nodes: [host('::1', 7000), host('fe80::1', 6379)] }],
    ['rediss+cluster://a', { nodes: [host('a', 6379)], tls: true }],
    ['redis+cluster://user:pw@a', { nodes: [host('a', 6379)], username: 'user', password: 'pw' }],
    ['redis+cluster://:pw@a', { nodes: [host('a', 6379)], password: 'pw' }],
    ['redis+cluster://user@a', { nodes: [host('a', 6379)], username: 'user' }],
    ['redis+cluster://:p%40%2F%3A%23@a', { nodes: [host('a', 6379)], password: 'p@/:#' }],
    // As in the URL of one server: the first colon ends the user, the last @ the password.
    ['redis+cluster://:a:b@a', { nodes: [host('a', 6379)], password: 'a:b' }],
    ['redis+cluster://:a@b@a', { nodes: [host('a', 6379)], password: 'a@b' }],
  ])('are a cluster: %s', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'cluster', tls: false, ...expected })
  })

  test.each([
    [
      'redis+sentinel://a:1,b:2,c/mymaster',
      { nodes: [host('a', 1), host('b', 2), host('c', 26379)], name: 'mymaster' },
    ],
    ['redis+sentinel://a/m/3', { nodes: [host('a', 26379)], name: 'm', database: 3 }],
    ['redis+sentinel://a/m/0', { nodes: [host('a', 26379)], name: 'm', database: 0 }],
    ['redis+sentinel://a/m/', { nodes: [host('a', 26379)], name: 'm' }],
    ['redis+sentinel://a/my%20master', { nodes: [host('a', 26379)], name: 'my master' }],
    ['rediss+sentinel://[::1]:5/m', { nodes: [host('::1', 5)], name: 'm', tls: true }],
    [
      'redis+sentinel://user:pw@a/m',
      { nodes: [host('a', 26379)], name: 'm', username: 'user', password: 'pw' },
    ],
  ])('are a master with its sentinels: %s', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual({ kind: 'sentinel', tls: false, ...expected })
  })
})

describe('a URL of another form', () => {
  test.each([
    ['nothing', ''],
    ['no URL', '127.0.0.1:6379'],
    ['another protocol', 'http://127.0.0.1:6379'],
    ['another protocol that ends like it', 'xredis://a'],
    ['another protocol with several servers', 'xredis+cluster://a'],
    ['another protocol behind the plus', 'redis+pool://a'],
    ['capitals', 'REDIS+CLUSTER://a'],
    ['no host', 'redis+cluster://'],
    ['a host that is missing', 'redis+cluster://a,,b'],
    ['a comma too many', 'redis+sentinel://a,/m'],
    ['a port without a host', 'redis+cluster://:6379'],
    ['no number for a port', 'redis+cluster://a:x'],
    ['no port behind the colon', 'redis+cluster://a:'],
    ['a port that is too large', 'redis+cluster://a:65536'],
    ['IPv6 without brackets', 'redis+cluster://::1'],
    ['brackets that do not close', 'redis+cluster://[::1'],
    ['a blank in a host', 'redis+cluster://a b'],
    ['a database of a cluster', 'redis+cluster://a/1'],
    ['a master without a name', 'redis+sentinel://a'],
    ['an empty name', 'redis+sentinel://a/'],
    ['an empty name before a database', 'redis+sentinel://a//1'],
    ['no number for a database', 'redis+sentinel://a/m/x'],
    ['a path that goes on', 'redis+sentinel://a/m/1/2'],
    ['a query', 'redis+sentinel://a/m?db=1'],
    ['a fragment', 'redis+cluster://a#b'],
    ['a password with a slash of its own', 'redis+cluster://user:pa/ss@a:6379'],
    ['a percent sign that encodes nothing', 'redis+cluster://user:100%@a'],
    ['one in the name', 'redis+sentinel://a/100%'],
    ['one for one server', 'redis://user:100%@a'],
    ['one in the user of one server', 'redis://100%@a'],
    ['a database of one server that is no number', 'redis://a/x'],
    ['a number in a path of one server', 'redis://a/x1'],
    ['several servers without saying of what', 'redis://a,b'],
    ['a query of one server', 'redis://a?db=1'],
    ['a fragment of one server', 'redis://a#b'],
    ['a number too long for a database', 'redis+sentinel://a/m/123456'],
    ['a letter before a database', 'redis+sentinel://a/m/x1'],
    ['a letter after a database', 'redis+sentinel://a/m/1x'],
    ['something before the brackets', 'redis+cluster://a[::1]'],
    ['something after the port', 'redis+cluster://a:1x'],
    ['a port of six digits', 'redis+cluster://a:000001'],
  ])('is refused with the forms there are: %s', (_, url) => {
    expect(() => parseRedisUrl(url)).toThrow(TypeError)
    expect(() => parseRedisUrl(url)).toThrow(/redis:\/\/host:6379, redis\+sentinel:\/\//)
  })

  const password = 'pass-word-of-redis'
  test.each([
    `redis+cluster://user:${password}@`,
    `redis+cluster://user:${password}@a:x`,
    `redis+cluster://user:${password}@a/1`,
    `redis+sentinel://user:${password}@a`,
    `redis+sentinel://user:${password}%@a/m`,
    `redis+cluster://user:@${password}@a:x`,
    `redis+pool://user:${password}@a`,
    `http://user:${password}@a`,
    `redis://user:${password}@a:x`,
    `redis://user:${password}%@a`,
  ])('is not quoted: a password stands in it (%s)', (url) => {
    let thrown: unknown
    try {
      parseRedisUrl(url)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(TypeError)
    // `input` of Node's own errors for URLs would be quoted by whoever prints the error.
    expect(JSON.stringify({ ...(thrown as object) }) + String(thrown)).not.toContain(password)
  })
})

describe('anything', () => {
  const scheme = fc.constantFrom('redis', 'rediss', 'redis+cluster', 'rediss+sentinel', 'x')
  const soup = fc.string({ unit: fc.constantFrom(...'ab1:/@[]%,.#?& é'), maxLength: 30 })

  test('is read or refused with a TypeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(scheme, soup), fc.tuple(soup, soup)), ([start, rest]) => {
        try {
          parseRedisUrl(`${start}://${rest}`)
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  const node = fc.record({
    host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  const target = fc.record({
    nodes: fc.array(node, { minLength: 1, maxLength: 5 }),
    tls: fc.boolean(),
    username: text,
    password: text,
    name: text,
    database: fc.integer({ min: 0, max: 99_999 }),
  })

  test('that is written as it should be comes back as it was meant', () => {
    fc.assert(
      fc.property(target, ({ nodes, tls, username, password, name, database }) => {
        const hosts = nodes.map(({ host: at, port }) =>
          at.includes(':') ? `[${at}]:${String(port)}` : `${at}:${String(port)}`,
        )
        const [user, word, master] = [username, password, name].map(encodeURIComponent)
        const at = `${user!}:${word!}@${hosts.join()}`
        const start = tls ? 'rediss' : 'redis'
        const common = { nodes, tls, username, password }
        expect(parseRedisUrl(`${start}+cluster://${at}`)).toEqual({ kind: 'cluster', ...common })
        expect(parseRedisUrl(`${start}+sentinel://${at}/${master!}/${String(database)}`)).toEqual({
          ...{ kind: 'sentinel', name, database },
          ...common,
        })
      }),
    )
  })
})

function host(name: string, port: number): { host: string; port: number } {
  return { host: name, port }
}
