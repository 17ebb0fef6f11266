import { createClient } from 'redis'
import type { LiveClient } from '../../src/redis/client-kind.js'
import { shareRedisLink } from '../../src/redis/shared-link.js'
import { redisUrl } from '../support/redis.js'

test('a client is listened to once, however many use it, until the last has closed', async () => {
  const client = createClient({ url: redisUrl() })
  client.on('error', () => undefined)
  await client.connect()
  const before = client.listenerCount('ready')
  const links = Array.from({ length: 12 }, () =>
    shareRedisLink(client as unknown as LiveClient, 1000),
  )
  expect(client.listenerCount('ready')).toBe(before + 1)
  const [first, ...others] = links
  first!.close()
  first!.close()
  expect(first!.listener()).toBeNull()
  for (const link of others) {
    expect(link.ready()).toBe(true)
    expect(link.client).toBe(client)
  }
  for (const link of others) link.close()
  expect(client.listenerCount('ready')).toBe(before)
  await client.close()
})
