import { parseArgs } from 'node:util'
import { UsageError } from '../command-io.js'
import { scenarios, type ScenarioMode, type TargetContract } from '../scenarios/index.js'

export const verifyUsage = `Usage: express-wx-login sandbox verify --target <url> [options]

Plays ${String(scenarios.length)} scenarios against your login backend, in whatever language it is written, with the sandbox as
WeChat and as its phones. Your server must ask the sandbox instead of https://api.weixin.qq.com.
It clears the faults of the sandbox and turns its clock.

Options:
  --target <url>       your server, as http://127.0.0.1:3000
  --sandbox <url>      the sandbox it talks to (default http://127.0.0.1:3900); where none runs on this
                       machine one is started for the run
  --only <a,b>         these scenarios only, by their ids
  --login <path>       POST { "code": … } (default /wx/login)
  --guarded <path>     a GET that needs a session (default /wx/session)
  --phone <path>       POST { "code": … } of the phone number button, or none (default /wx/phone)
  --logout <path>      POST that ends the session, or none (default /wx/logout)
  --header <name>      the header the token goes into (default Authorization)
  --scheme <word>      the word before the token, '' for none (default Bearer)
  --token-field <a.b>  where the token is in the reply to the login (default token)
  --contract           check the exact statuses, error codes and fields of express-wx-login's HTTP contract
  --behaviour          check what any login backend has to do (default: as the server's own 401 looks)
  --redis <url>        the Redis with the server's sessions, for redis-down: the sandbox that is started for the run
                       stands in between. Give your server redis://127.0.0.1:3901 (the port after the sandbox')
  --json               print the result as JSON
  --lang <en|zh>       language of the report (default en)
  -h, --help           this text

Exit code: 0 all ticks, maybe with some skipped; 1 a cross; 2 wrong usage; 3 could not run.
`

/** What the command line asks for. */
export interface VerifyCommand {
  readonly help: boolean
  readonly target: string
  readonly sandbox: string
  /** Ids; undefined for all. */
  readonly only: readonly string[] | undefined
  readonly contract: Partial<TargetContract>
  /** Undefined: as the server's own 401 looks. */
  readonly mode: ScenarioMode | undefined
  readonly redis: string | undefined
  readonly json: boolean
  readonly lang: 'en' | 'zh'
}

type Values = Readonly<Record<string, string | boolean | undefined>>

const textOf = (values: Values, option: string): string | undefined =>
  values[option] as string | undefined

function readUrl(values: Values, option: string, protocols: readonly string[]): string | undefined {
  const text = textOf(values, option)
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  // It is not repeated in the message: it may hold a password.
  if (!url || !protocols.includes(url.protocol)) {
    throw new UsageError(`--${option}: must be a URL that begins with ${protocols[0]!}//`)
  }
  return text
}

function readHttp(values: Values, option: string): string | undefined {
  const text = readUrl(values, option, ['http:', 'https:'])
  if (text === undefined) return undefined
  const { username, password, search, hash, origin, pathname } = new URL(text)
  if ([username, password, search, hash].some((part) => part !== '')) {
    throw new UsageError(`--${option}: must have no user, no query and no fragment`)
  }
  return `${origin}${pathname}`.replace(/\/+$/, '')
}

function readPath(values: Values, option: string, mayLack = false): string | null | undefined {
  const text = textOf(values, option)
  if (text === undefined) return undefined
  if (mayLack && text === 'none') return null
  if (/^\/[\x21-\x7e]*$/.test(text) && !text.startsWith('//')) return text
  throw new UsageError(
    `--${option}: must be a path that begins with a slash${mayLack ? ', or none' : ''}, not "${text}"`,
  )
}

function readPattern(
  values: Values,
  option: string,
  pattern: RegExp,
  be: string,
): string | undefined {
  const text = textOf(values, option)
  if (text === undefined || pattern.test(text)) return text
  throw new UsageError(`--${option}: must be ${be}, not "${text}"`)
}

function readOnly(values: Values): string[] | undefined {
  const text = textOf(values, 'only')
  if (text === undefined) return undefined
  const known = scenarios.map(({ id }) => id)
  const asked = text.split(',').map((id) => id.trim())
  const unknown = asked.filter((id) => !known.includes(id))
  if (unknown.length === 0) return known.filter((id) => asked.includes(id))
  throw new UsageError(
    `--only: there is no scenario "${unknown.join('", "')}". There are ${known.join(', ')}`,
  )
}

function readMode(values: Values): ScenarioMode | undefined {
  if (values['contract'] && values['behaviour']) {
    throw new UsageError('--contract and --behaviour: use one of them')
  }
  if (values['contract']) return 'contract'
  return values['behaviour'] ? 'behaviour' : undefined
}

function readLang(values: Values): 'en' | 'zh' {
  const lang = textOf(values, 'lang') ?? 'en'
  if (lang === 'en' || lang === 'zh') return lang
  throw new UsageError(`--lang: must be en or zh, not "${lang}"`)
}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

function parse(args: string[]): Values {
  try {
    return parseArgs({
      args,
      options: {
        ...{ target: text, sandbox: text, only: text, login: text, guarded: text, phone: text },
        ...{ logout: text, header: text, scheme: text, 'token-field': text, redis: text },
        ...{ lang: text, contract: flag, behaviour: flag, json: flag },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** @throws UsageError */
export function readArguments(args: string[]): VerifyCommand {
  const values = parse(args)
  const target = readHttp(values, 'target')
  const help = values['help'] === true
  if (target === undefined && !help) throw new UsageError('--target: is missing')
  return {
    help,
    target: target ?? '',
    sandbox: readHttp(values, 'sandbox') ?? 'http://127.0.0.1:3900',
    only: readOnly(values),
    contract: {
      login: readPath(values, 'login') ?? undefined,
      guarded: readPath(values, 'guarded') ?? undefined,
      phone: readPath(values, 'phone', true),
      logout: readPath(values, 'logout', true),
      header: readPattern(values, 'header', headerName, 'a header name'),
      scheme: readPattern(values, 'scheme', /^[\x21-\x7e]*$/, 'one word'),
      tokenField: readPattern(
        values,
        'token-field',
        /^[^.\s]+(\.[^.\s]+)*$/,
        'as token or data.token',
      ),
    } as Partial<TargetContract>,
    mode: readMode(values),
    redis: readUrl(values, 'redis', ['redis:', 'rediss:']),
    json: values['json'] === true,
    lang: readLang(values),
  }
}
