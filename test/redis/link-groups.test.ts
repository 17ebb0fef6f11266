import { setTimeout as sleep } from 'node:timers/promises'
import { createCluster } from 'redis'
import { withDeadline } from '../../src/deadline.js'
import type { SessionsEnd } from '../../src/state-types.js'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { createRedis, type WxRedis } from '../../src/redis/create-redis.js'
import { createRedisEndChannel } from '../../src/redis/end-channel.js'
import { createRedisLink, type RedisLink } from '../../src/redis/link.js'
import { startCluster, startSentinel } from '../support/topologies.js'
import { until } from '../support/until.js'

// What holds under load, and how soon, is tried in test/faults.

jest.setTimeout(60_000)

let redis: WxRedis
let link: RedisLink
let group: { stop(): Promise<void> } | undefined

afterEach(async () => {
  link.close()
  redis.destroy()
  await group?.stop()
})

async function start(url: string, given = createRedis(url)): Promise<void> {
  redis = given
  await redis.connect()
  link = createRedisLink(redis as unknown as LiveClient, 1000)
}

const client = (): WxRedis => link.client as WxRedis
/** Whether a key can be written and read; a failure is told to the link, as an operation would. */
const works = async (key: string): Promise<boolean> => {
  try {
    await withDeadline(client().set(key, 'x'), 500)
    return link.ready() && (await withDeadline(client().get(key), 500)) === 'x'
  } catch {
    link.trouble()
    return false
  }
}

/** News of ended sessions go over every kind of client. */
async function expectNews(): Promise<void> {
  const channel = createRedisEndChannel(link, 'test-groups:')
  const heard: SessionsEnd[] = []
  await channel.subscribe((end) => heard.push(end))
  channel.publish({ ids: ['a'], reason: 'revoke' })
  await until(() => heard.length > 0, 5000)
  channel.check()
  await sleep(100)
  channel.check()
  channel.unsubscribe()
  expect(heard).toEqual([{ ids: ['a'], reason: 'revoke' }])
}

test('a Redis behind Sentinel is found again after its master was killed', async () => {
  const sentinel = await startSentinel()
  group = sentinel
  await start(sentinel.url)
  expect(await works('key')).toBe(true)
  await expectNews()
  const master = await sentinel.master()
  master.kill()
  await until(async () => !(await works('key')), 5000)
  await sentinel.promoted(master.port, 15_000)
  await until(() => works('key'), 10_000)
})

test('a cluster loses one part at most while a master is replaced', async () => {
  const cluster = await startCluster()
  group = cluster
  await start(cluster.url)
  const gone = 'a key'
  const master = await cluster.masterOf(gone)
  let other = 'another'
  while ((await cluster.masterOf(other)).port === master.port) other += '!'
  expect([await works(gone), await works(other)]).toEqual([true, true])
  await expectNews()
  master.kill()
  await until(async () => !(await works(gone)), 5000)
  const promoted = cluster.promoted(master.port, 15_000)
  const others: boolean[] = []
  const asking = setInterval(() => void works(other).then((good) => others.push(good)), 50)
  await promoted
  await until(() => works(gone), 10_000)
  clearInterval(asking)
  expect(others.length).toBeGreaterThan(5)
  expect(others.filter((good) => !good).length).toBeLessThanOrEqual(2)
})

test('a master that was silent and comes back as a replica fails nobody', async () => {
  const cluster = await startCluster()
  group = cluster
  const rootNodes = cluster.ports
    .slice(0, 3)
    .map((port) => ({ socket: { host: '127.0.0.1', port } }))
  const given = createCluster({ rootNodes }) as unknown as WxRedis
  given.on('error', () => undefined)
  await start(cluster.url, given)
  const master = await cluster.masterOf('a key')
  master.freeze()
  await until(async () => !(await works('a key')), 5000)
  await cluster.promoted(master.port, 15_000)
  await until(() => works('a key'), 10_000)
  expect(link.client).not.toBe(given)
  // Without a pause: where the first finds out that it has asked the wrong server, others have just been sent.
  const failures: unknown[] = []
  let writing = true
  const write = (): void => {
    withDeadline(client().set('a key', 'x'), 1000).catch((reason: unknown) => failures.push(reason))
    if (writing) setImmediate(write)
  }
  write()
  master.thaw()
  await until(() => link.client === given, 10_000)
  await sleep(500)
  writing = false
  await sleep(1000)
  expect(failures).toEqual([])
})
