import { existsSync } from 'node:fs'
import { Client } from 'pg'
import { createClient } from 'redis'
import { startPostgres } from './postgres.js'
import { redisUrl, startRedisServer } from './redis.js'

async function ping(url: string): Promise<string> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: 500, socketTimeout: 500, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await client.ping()
  } finally {
    client.destroy()
  }
}

describe('the services the tests run on', () => {
  it('the Redis of the run answers', async () => {
    expect(await ping(redisUrl())).toBe('PONG')
  })

  it('a Redis of one’s own can be frozen, killed and started again', async () => {
    const server = await startRedisServer()
    try {
      expect(server.url).not.toBe(redisUrl())
      expect(await ping(server.url)).toBe('PONG')
      server.freeze()
      await expect(ping(server.url)).rejects.toThrow()
      server.thaw()
      expect(await ping(server.url)).toBe('PONG')
      server.kill()
      await expect(ping(server.url)).rejects.toThrow()
      await server.restart()
      expect(await ping(server.url)).toBe('PONG')
    } finally {
      await server.stop()
    }
    await expect(ping(server.url)).rejects.toThrow()
    expect(existsSync(`/proc/${String(server.pid)}`)).toBe(false)
  })

  it('servers started at the same time get ports of their own', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, () => startRedisServer()))
    expect(new Set(servers.map((server) => server.port)).size).toBe(8)
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('a server on a port that is taken is an error, not somebody else’s server', async () => {
    const first = await startRedisServer()
    await expect(startRedisServer({ port: first.port })).rejects.toThrow(/already in use/i)
    await first.stop()
  })

  it('a PostgreSQL of one’s own answers, keeps its data over a restart, and is gone after', async () => {
    const server = await startPostgres()
    const query = async (sql: string): Promise<unknown[]> => {
      const client = new Client({ connectionString: server.url })
      client.on('error', () => undefined)
      await client.connect()
      try {
        return (await client.query(sql)).rows as unknown[]
      } finally {
        await client.end()
      }
    }
    try {
      await query(`CREATE TABLE names (name text)`)
      await query(`INSERT INTO names VALUES ('小明 😀')`)
      await server.kill()
      await expect(query('SELECT 1')).rejects.toThrow()
      await server.restart()
      expect(await query('SELECT name FROM names')).toEqual([{ name: '小明 😀' }])
    } finally {
      await server.stop()
    }
    await expect(query('SELECT 1')).rejects.toThrow()
  })
})
