import * as v from 'valibot'
import { WxLoginError } from './errors.js'
import { unknownOptions } from './option-names.js'
import type { WxCommonOptions, WxSessionOptions } from './option-types.js'
import { appSchema, defaultTtl, optionSchema, production } from './options.js'
import { explained, type SetUpFault, type StartUpTopic } from './start-up.js'
import type { WxApp } from './types.js'

/** Where an option is explained; by its path, without the numbers of lists. */
function topicOf(path: string): StartUpTopic {
  if (/^(apps\.)?appid$/.test(path)) return 'appid'
  if (/^(apps\.)?secret$/.test(path)) return 'appsecret'
  if (path === 'redis') return 'redis-client'
  return /^(session\.secret|keySecret)\b/.test(path) ? 'session-secret' : 'option-values'
}

const unset = 'is undefined; where it comes from the environment, that variable is not set'

/** A fault that the schema found. */
function issueFault(issue: v.BaseIssue<unknown>): SetUpFault {
  // The options are an object by now: what is wrong is in one of them.
  const path = v.getDotPath(issue)!
  const named = issue.path!.at(-1)!
  const given = Object.hasOwn(named.input as object, named.key as PropertyKey)
  if (given && issue.input === undefined) {
    return { text: `${path}: ${unset}`, topic: 'missing-options' }
  }
  if (given && issue.input === '') {
    return { text: `${path}: is empty, ${issue.message}`, topic: 'missing-options' }
  }
  return { text: `${path}: ${issue.message}`, topic: topicOf(path.replaceAll(/\.\d+/g, '')) }
}

/** An option that has to be there. */
function missing(options: object, name: string, what: string): SetUpFault {
  const text = `${name}: ${Object.hasOwn(options, name) ? unset : `missing${what}`}`
  return { text, topic: 'missing-options' }
}

type Given = Partial<Record<keyof WxCommonOptions | 'appid' | 'secret' | 'apps', unknown>>

function appFaults(o: Given): SetUpFault[] {
  const faults: SetUpFault[] = []
  if (o.apps !== undefined && (o.appid !== undefined || o.secret !== undefined)) {
    faults.push({ text: 'apps: give either apps, or appid and secret', topic: 'option-values' })
  } else if (o.apps === undefined) {
    if (o.appid === undefined) faults.push(missing(o, 'appid', ''))
    if (o.secret === undefined) {
      faults.push(missing(o, 'secret', ' (the AppSecret of the mini program)'))
    }
  }
  if (!Array.isArray(o.apps)) return faults
  const seen = o.apps.map((a: unknown) => (a as Partial<WxApp> | null)?.appid)
  seen.forEach((appid, i) => {
    if (appid !== undefined && seen.indexOf(appid) !== i) {
      faults.push({ text: `apps.${String(i)}.appid: twice`, topic: 'appid' })
    }
  })
  return faults
}

function sessionFaults(o: Given): SetUpFault[] {
  const faults: SetUpFault[] = []
  const session = o.session as Partial<WxSessionOptions> | null | undefined
  if (session && session.store === undefined && o.redis === undefined && production()) {
    faults.push({
      text: 'redis: missing; sessions in memory are for development, give redis or session.store',
      topic: 'memory',
    })
  }
  const { ttl = defaultTtl, absoluteTtl } = session ?? {}
  if (typeof ttl === 'number' && typeof absoluteTtl === 'number' && absoluteTtl < ttl) {
    faults.push({
      text: 'session.absoluteTtl: must not be shorter than session.ttl',
      topic: 'option-values',
    })
  }
  if (!session && typeof o.apps === 'function' && o.keySecret === undefined) {
    faults.push({
      text: 'keySecret: missing; it seals session keys where apps is a function and the session is yours',
      topic: 'session-secret',
    })
  }
  return faults
}

/** What is wrong with the options, each fault with where it is explained. */
export function findOptionFaults(options: unknown): SetUpFault[] {
  if (typeof options !== 'object' || options === null) {
    return [{ text: 'must be called with an object', topic: 'missing-options' }]
  }
  const names = unknownOptions(optionSchema.entries, appSchema.entries, options)
  return [
    ...names.map((text): SetUpFault => ({ text, topic: 'option-names' })),
    ...(v.safeParse(optionSchema, options).issues ?? []).map(issueFault),
    ...appFaults(options),
    ...sessionFaults(options),
  ]
}

/** What is wrong with the options, each fault in one line that says which option and what it must be. */
export const optionFaults = (options: unknown): string[] =>
  findOptionFaults(options).map(({ text }) => text)

/** One error that names every fault. */
export function optionError(faults: SetUpFault[]): WxLoginError {
  const lines = faults.map(({ text, topic }) => `  - ${explained(text, topic)}`)
  return new WxLoginError('WX_APP_CONFIG', {
    message: `wxLogin: ${faults.length === 1 ? 'an option is' : `${String(faults.length)} options are`} wrong:\n${lines.join('\n')}`,
  })
}
