import { createHash, randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { createScript, type Scripting } from '../../src/redis/script.js'
import { redisUrl } from '../support/redis.js'

const text = `return { KEYS[1], ARGV[1], ARGV[2], '${randomUUID()}' }`
const sha = createHash('sha1').update(text).digest('hex')
const call = { keys: ['key'], arguments: ['a', '7'] }

/** A server that answers EVALSHA so. */
function server(evalSha: () => Promise<unknown>): jest.Mocked<Scripting> {
  return {
    evalSha: jest.fn<Promise<unknown>, Parameters<Scripting['evalSha']>>(evalSha),
    eval: jest.fn<Promise<unknown>, Parameters<Scripting['eval']>>(async () => 'evaluated'),
  }
}
const run = (redis: Scripting): Promise<unknown> => createScript(text)(redis, 'key', 'a', 7)

test('a script that the server knows is named by its hash', async () => {
  const redis = server(async () => 'known')
  await expect(run(redis)).resolves.toBe('known')
  expect(redis.evalSha.mock.calls).toEqual([[sha, call]])
  expect(redis.eval).not.toHaveBeenCalled()
})

test('one that it does not know is sent whole', async () => {
  const redis = server(() => Promise.reject(new Error('NOSCRIPT No matching script.')))
  await expect(run(redis)).resolves.toBe('evaluated')
  expect(redis.eval.mock.calls).toEqual([[text, call]])
})

test.each<[string, unknown]>([
  ['a connection that broke', new Error('Socket closed unexpectedly')],
  ['another no', new Error('READONLY after NOSCRIPT')],
  ['something that is no error', { message: 'NOSCRIPT' }],
])('after %s it is not run again: it may have been run', async (_, error) => {
  const redis = server(() => Promise.reject(error as Error))
  await expect(run(redis)).rejects.toBe(error)
  expect(redis.eval).not.toHaveBeenCalled()
})

test('a Redis gets the text once', async () => {
  const client = createClient({ url: redisUrl() })
  await client.connect()
  const whole = jest.spyOn(client, 'eval')
  const answers = [await run(client), await run(client)]
  expect(answers[0]).toEqual(['key', 'a', '7', expect.any(String)])
  expect(answers[1]).toEqual(answers[0])
  expect(whole).toHaveBeenCalledTimes(1)
  await client.close()
})
