import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createClient, createClientPool } from 'redis'
import type { WxFinding } from '../../src/index.js'
import { wechatAt } from '../../src/doctor/patient.js'
import { openRedis } from '../../src/doctor/open-redis.js'
import { checkRedis, judgeRedis } from '../../src/doctor/redis.js'
import { WxLoginError } from '../../src/errors.js'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedis } from '../../src/redis/index.js'
import { startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../support/redis.js'
import { startCluster } from '../support/redis-cluster.js'
import { startSentinel } from '../support/redis-sentinel.js'
import { until } from '../support/until.js'
import { diagnosis, finding, troubles } from './run-doctor.js'

const env = {
  WX_APPID: 'wx1234567890abcdef',
  WX_SECRET: 'f00dfeedf00dfeed1234deadbeef5678',
  SESSION_SECRET: '9c1f6a0d7be24583a1c07d5e8f3b6429c1f6a0d7be24583a1c07d5e8f3b6429d',
  // Nothing answers there: these tests are of Redis.
  WX_API_BASE: 'http://127.0.0.1:1',
}

const servers: RedisServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function start(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedisServer(options)
  servers.push(server)
  return server
}

/** What the command says of Redis. */
async function redisOf(REDIS_URL: string): Promise<WxFinding[]> {
  const { findings } = await diagnosis({ ...env, REDIS_URL })
  return findings.filter(({ check }) => check === 'redis')
}

/** What a server finds, whose client this is. */
const examined = (redis: unknown): Promise<WxFinding[]> =>
  checkRedis(
    {
      apps: [],
      wechat: wechatAt(undefined),
      sessionSecrets: [],
      store: 'redis',
      redis: redis as LiveClient,
    },
    1500,
  )

const well = finding('redis', 'ok', /^Redis \d.* answers; its memory policy is noeviction\.$/)

describe('a Redis', () => {
  it('that throws sessions away when it is full', async () => {
    const { url } = await start({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    expect(await redisOf(url)).toEqual([
      finding('redis', 'warning', /maxmemory-policy is allkeys-lru/, /noeviction/),
    ])
  })

  it('that is a replica', async () => {
    const master = await start()
    const { url } = await start({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
    expect(await redisOf(url)).toEqual([
      finding('redis', 'error', /is a replica/, /redis\+sentinel:\/\//),
    ])
  })

  it('that wants a password, or another one', async () => {
    const { url, port } = await start({ args: ['--requirepass', 'the-right-one'] })
    const refused = [
      finding('redis', 'error', /does not accept the user or the password/, /REDIS_URL/),
    ]
    expect(await redisOf(url)).toEqual(refused)
    expect(await redisOf(`redis://:wrong@127.0.0.1:${String(port)}`)).toEqual(refused)
    expect(await redisOf(`redis://:the-right-one@127.0.0.1:${String(port)}`)).toEqual([well])
  })

  it('that may not be asked what it is', async () => {
    const { url, port } = await start()
    const admin = createRedis(url)
    await admin.connect()
    await admin.sendCommand('ACL SETUSER app on >pw ~* +@all -info -time'.split(' '))
    await admin.close()
    expect(await redisOf(`redis://app:pw@127.0.0.1:${String(port)}`)).toEqual([
      finding('redis', 'ok', /^Redis answers; its memory policy is not known/),
    ])
  })

  it('that is not there', async () => {
    expect(await redisOf('redis://127.0.0.1:1')).toEqual([
      finding('redis', 'error', /^Nothing listens.*ECONNREFUSED/, /in a container/),
    ])
  })

  it('whose name nobody knows', async () => {
    expect(await redisOf('redis://no-such-host.invalid')).toEqual([
      finding('redis', 'error', /cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/, /DNS/),
    ])
  })

  it('that is frozen', async () => {
    const server = await start()
    server.freeze()
    expect(await redisOf(server.url)).toEqual([
      finding('redis', 'error', /^Redis does not answer\.$/, /not stopped/),
    ])
  })

  it('that speaks no TLS, asked with rediss', async () => {
    const { port } = await start()
    expect(await redisOf(`rediss://127.0.0.1:${String(port)}`)).toEqual([
      finding('redis', 'error', /./, /TLS/),
    ])
  })

  it('that answers TLS with something else', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end('-ERR this is no TLS\r\n'))
      sockets.push(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(await redisOf(`rediss://127.0.0.1:${String(port)}`)).toEqual([
      finding('redis', 'error', /^The TLS connection to Redis failed \(ERR_SSL_/, /redis:\/\//),
    ])
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('that breaks every connection', async () => {
    const server = createServer((socket) => socket.resetAndDestroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(await redisOf(`redis://127.0.0.1:${String(port)}`)).toEqual([
      finding('redis', 'error', /^Redis does not answer \((ECONNRESET|EPIPE)\)\.$/, /firewall/),
    ])
    await new Promise((resolve) => server.close(resolve))
  })

  it('that takes the connection and says nothing, until the time is over', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { client, findings } = await openRedis(`redis://127.0.0.1:${String(port)}`, 100)
    expect([client, findings]).toEqual([
      undefined,
      [finding('redis', 'error', /^Redis does not answer\.$/, /not stopped/)],
    ])
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it.each(['redis+sentinel://127.0.0.1:1/name', 'redis+cluster://127.0.0.1:1'])(
    'none of whose servers is there: %s',
    async (url) => {
      const { client, findings, close } = await openRedis(url, 300)
      expect([client, findings]).toEqual([
        undefined,
        [finding('redis', 'error', /^(Nothing|Redis)/)],
      ])
      await close()
    },
  )

  it.each<[string, string, Error, RegExp, RegExp]>([
    [
      'connect-redis is not installed',
      '../../src/redis/load-connect-redis.js',
      new WxLoginError('WX_APP_CONFIG'),
      /needs the packages redis and connect-redis/,
      /npm i/,
    ],
    [
      'redis is not installed',
      '../../src/redis/create-redis.js',
      Object.assign(new Error("Cannot find module 'redis'"), { code: 'MODULE_NOT_FOUND' }),
      /needs the packages redis and connect-redis/,
      /npm i/,
    ],
    [
      'redis is broken',
      '../../src/redis/create-redis.js',
      new SyntaxError('Unexpected token'),
      /cannot be loaded/,
      /npm i/,
    ],
  ])('where %s', async (_, module, error, message, fix) => {
    jest.doMock(module, () => ({
      loadConnectRedis() {
        throw error
      },
      createRedis() {
        throw error
      },
    }))
    try {
      await jest.isolateModulesAsync(async () => {
        const own = await import('../../src/doctor/open-redis.js')
        const { client, findings, close } = await own.openRedis('redis://127.0.0.1:1', 1000)
        expect([client, findings]).toEqual([undefined, [finding('redis', 'error', message, fix)]])
        await close()
      })
    } finally {
      jest.dontMock(module)
    }
  })

  it('that takes no more clients', async () => {
    const { url } = await start({ args: ['--maxclients', '1'] })
    const only = createRedis(url)
    await only.connect()
    expect(await redisOf(url)).toEqual([
      finding('redis', 'error', /answers the connection with an error \(ERR\)/, /maxclients/),
    ])
    await only.close()
  })

  it('behind Sentinel, and as a cluster: its masters are asked', async () => {
    const sentinel = await startSentinel()
    const cluster = await startCluster()
    try {
      expect(await redisOf(sentinel.url)).toEqual([well])
      expect(await redisOf(cluster.url)).toEqual([well])
    } finally {
      await sentinel.stop()
      await cluster.stop()
    }
  })
})

describe('the client of a server', () => {
  it('that waits in a queue, or ends for good: each with its fix', async () => {
    const { url } = await start()
    const client = createClient({ url, socket: { reconnectStrategy: false } })
    await client.connect()
    expect(troubles(await examined(client))).toEqual([
      finding('redis', 'warning', /disableOfflineQueue is not set/, /set it to true\.$/),
      finding('redis', 'warning', /reconnectStrategy is false/, /give a function/),
    ])
    await client.close()
  })

  it('that was never connected, or is away', async () => {
    const away = finding('redis', 'error', /does not answer.*503/, /redis\.connect\(\)/)
    const { url } = await start()
    expect(await examined(createRedis(url))).toEqual([away])
    const client = createRedis(url)
    await client.connect()
    servers[0]!.kill()
    await until(() => !client.isReady)
    expect(await examined(client)).toEqual([away])
    client.destroy()
  })

  it('whose connection is dead', async () => {
    const { port } = await start()
    const proxy = await startFaultProxy(port)
    const client = createClient({ url: proxy.url, disableOfflineQueue: true })
    client.on('error', () => undefined)
    await client.connect()
    proxy.halfOpen()
    expect(await examined(client)).toEqual([finding('redis', 'error', /does not answer/)])
    client.destroy()
    await proxy.close()
  })

  it('that is a pool', async () => {
    const { url } = await start()
    const pool = createClientPool({ url, disableOfflineQueue: true })
    await pool.connect()
    expect(await examined(pool)).toContainEqual(well)
    await pool.close()
  })

  it('of a cluster of which a part is away', async () => {
    const cluster = await startCluster()
    const client = createRedis(cluster.url as 'redis+cluster://')
    client.on('error', () => undefined)
    await client.connect()
    cluster.nodes[0]!.freeze()
    try {
      expect(await examined(client)).toContainEqual(
        finding('redis', 'warning', /^A part of the Redis cluster does not answer/),
      )
    } finally {
      cluster.nodes[0]!.thaw()
      client.destroy()
      await cluster.stop()
    }
  })

  it('is not there: nothing is said of Redis', async () => {
    expect(await examined(undefined)).toEqual([])
  })
})

describe('what a Redis says of itself', () => {
  const good = {
    version: '7.0.15',
    role: 'master' as const,
    maxmemoryPolicy: 'noeviction',
    clockAhead: 0,
  }
  const old = [finding('redis', 'warning', /is older than 6\.2/, /Update/)]
  const clock = (off: RegExp): WxFinding[] => [finding('clock', 'warning', off, /synchronisation/)]

  it.each<[string, object, WxFinding[]]>([
    ['all is well', {}, []],
    ['nothing', { version: undefined, role: undefined, maxmemoryPolicy: undefined }, []],
    ['the oldest version', { version: '6.2.0' }, []],
    ['a version of two digits', { version: '10.0.0' }, []],
    ['an older version', { version: '6.0.16' }, old],
    ['a much older version', { version: '5.0.7' }, old],
    ['a clock behind', { clockAhead: -90_000 }, clock(/clock of Redis is 90 s behind/)],
    ['a clock ahead', { clockAhead: 400_000 }, clock(/clock of Redis is 400 s ahead of/)],
    ['a clock hardly off', { clockAhead: 30_000 }, []],
    ['no clock', { clockAhead: undefined }, []],
  ])('%s', (_, facts, expected) => {
    expect(judgeRedis({ ...good, ...facts })).toEqual(expected)
  })
})
