import { distance } from 'fastest-levenshtein'
import { production } from '../options.js'
import type { WxFinding } from '../readiness-types.js'
import { fault, fine, warning } from './finding.js'
import type { Patient } from './patient.js'

/** `NODE_ENV`, which decides what is refused and what only warned of. */
export function checkEnvironment(): WxFinding[] {
  const name = process.env['NODE_ENV'] ?? ''
  if (name === 'production') return [fine('environment', 'NODE_ENV is production.')]
  if (name === '') {
    return [fine('environment', 'NODE_ENV is not set: this counts as development.')]
  }
  const lower = name.toLowerCase()
  if (lower.startsWith('prod') || distance(lower, 'production') <= 3) {
    return [
      warning(
        'environment',
        'NODE_ENV is almost production, but not quite: this counts as development.',
        'Set NODE_ENV=production, in small letters and nothing else.',
      ),
    ]
  }
  return [fine('environment', 'NODE_ENV is not production: this counts as development.')]
}

// Of examples and tutorials: whoever reads those can forge a session.
const wellKnown =
  /keyboard ?cat|change ?(me|this)|your[-_ ]?(session[-_ ]?)?secret|session secret of|example|not-a-real-secret|password|123456|qwerty/i
const repeated = /^(.{1,16})\1+$/s
const fewestCharacters = 10

const isWeak = (secret: string): boolean =>
  wellKnown.test(secret) || repeated.test(secret) || new Set(secret).size < fewestCharacters

/** Where sessions are kept, and what they are signed with. */
export function checkSession({ store, sessionSecrets, apps, redis }: Patient): WxFinding[] {
  const found: WxFinding[] = []
  if (store === 'memory') {
    const message =
      'Sessions are in memory: they end with the process, and each process has its own.'
    found.push(
      production()
        ? fault('session', message, 'Give it Redis: the option redis, or REDIS_URL.')
        : fine('session', `${message} For development that is good enough.`),
    )
  } else if (store === 'other' && !redis && production()) {
    found.push(
      warning(
        'session',
        'Without Redis, wx.sessions, session.maxPerUser and the limit on refused data know this process only.',
        'Give wxLogin a Redis client (the option redis) beside the store.',
      ),
    )
  }
  const judge = production() ? fault : warning
  if (sessionSecrets.some(isWeak)) {
    found.push(
      judge(
        'session',
        'The session secret is an example or easy to guess: whoever knows it can forge sessions.',
        'Make a new one with: openssl rand -hex 32, the same in every process (SESSION_SECRET).',
      ),
    )
  }
  if (apps.some(({ secret }) => sessionSecrets.includes(secret))) {
    found.push(
      judge(
        'session',
        'The session secret is the AppSecret: when WeChat resets the one, everybody is logged out.',
        'Make a session secret of its own with: openssl rand -hex 32 (SESSION_SECRET).',
      ),
    )
  }
  if (found.length === 0) {
    found.push(
      fine('session', store === 'redis' ? 'Sessions are in Redis.' : 'Sessions are set up.'),
    )
  }
  return found
}
