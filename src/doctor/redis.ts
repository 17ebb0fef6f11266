import type { WxFinding } from '../readiness-types.js'
import { redisWarnings } from '../redis/check-client.js'
import { redisKind } from '../redis/client-kind.js'
import { examine } from '../redis/health.js'
import { inspectRedis, type RedisFacts } from '../redis/inspect.js'
import { compareRedisClock } from './clock.js'
import { fault, fine, warning } from './finding.js'
import type { Patient } from './patient.js'

/** The oldest Redis that this package is made for. */
const oldest = [6, 2] as const

function isOld(version: string): boolean {
  const [major, minor] = version.split('.').map(Number) as [number, number]
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}

/** What of a server's own words is trouble. */
export function judgeRedis(facts: RedisFacts): WxFinding[] {
  const { version, role, maxmemoryPolicy } = facts
  const found: WxFinding[] = []
  if (role === 'replica') {
    found.push(
      fault(
        'redis',
        'This Redis is a replica: it refuses to save sessions.',
        'Give the address of the master, or let Sentinel find it (redis+sentinel://host:26379/name).',
      ),
    )
  }
  if (maxmemoryPolicy !== undefined && maxmemoryPolicy !== 'noeviction') {
    found.push(
      warning(
        'redis',
        `maxmemory-policy is ${maxmemoryPolicy}: when its memory is full, Redis throws away sessions that are in use.`,
        'Set maxmemory-policy noeviction (redis.conf, or the settings of the service), and a maxmemory large enough.',
      ),
    )
  }
  if (version !== undefined && isOld(version)) {
    found.push(
      warning(
        'redis',
        `Redis ${version} is older than ${oldest.join('.')}, the oldest that this package is made for.`,
        'Update Redis.',
      ),
    )
  }
  return [...found, ...compareRedisClock(facts.clockAhead)]
}

/** What the servers say of themselves, in one sentence. */
function summary(facts: RedisFacts[]): string {
  const versions = [...new Set(facts.flatMap(({ version }) => version ?? []))]
  const policy = facts.every(({ maxmemoryPolicy }) => maxmemoryPolicy !== undefined)
    ? 'its memory policy is noeviction'
    : 'its memory policy is not known, because it does not tell'
  return `${['Redis', ...versions].join(' ')} answers; ${policy}.`
}

/** Whether Redis answers and takes writes, and what in it or in the client will make trouble. */
export async function checkRedis({ redis }: Patient, ms: number): Promise<WxFinding[]> {
  if (!redis) return []
  const found = redisWarnings(redis).map((text) => {
    const end = text.lastIndexOf('; ')
    return warning(
      'redis',
      `The client’s ${text.slice(0, end)}.`,
      `In the client: ${text.slice(end + 2)}.`,
    )
  })
  // A pool is given twice as long to answer.
  const { health } = await examine(redis, ms / 3)
  if (health === 'away') {
    found.push(
      fault(
        'redis',
        'Redis does not answer: requests that need a session get a 503.',
        'See that Redis runs, that the address (REDIS_URL) is right, and that redis.connect() was called.',
      ),
    )
    return found
  }
  if (health === 'partly') {
    found.push(
      warning(
        'redis',
        'A part of the Redis cluster does not answer: the sessions in it get a 503.',
        'See what the cluster says: redis-cli CLUSTER NODES.',
      ),
    )
  }
  const facts = await inspectRedis(redis, ms / 3)
  // Sentinels and clusters lead to masters, whatever they are just becoming.
  const single = redisKind(redis) === 'client' || redisKind(redis) === 'pool'
  found.push(...facts.flatMap((each) => judgeRedis(single ? each : { ...each, role: undefined })))
  if (found.every(({ check }) => check !== 'redis')) found.push(fine('redis', summary(facts)))
  return found
}
