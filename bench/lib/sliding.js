import { send } from './fleet.js'

/**
 * Whether a request gives a session its full life again that had little of it left.
 *
 * @param {import('./fleet.js').Fleet} fleet
 * @param {string} key - of the contender
 */
export async function measureSliding({ redis, runners }, key) {
  const runner = runners.find((runner) => runner.key === key)
  const [credential] = await runner.child.ask('logIn', 1)
  const token = credential.headers.Authorization.slice('Bearer '.length)
  const found = await redis.client.keys(`*${token.split('.')[0]}*`)
  if (found.length !== 1) throw new Error(`${runner.title}: ${found.length} keys for one session`)
  await redis.client.expire(found[0], 3600)
  await send(runner.port, runner.target.path, credential)
  return (await redis.client.ttl(found[0])) > 3600
}
