/** Mistakes in the set-up, each a heading of docs/start-up.md. */
export const startUpTopics = [
  'option-names',
  'missing-options',
  'appid',
  'appsecret',
  'session-secret',
  'option-values',
  'memory',
  'sandbox',
  'redis-client',
  'redis-connection',
  'redis-options',
  'connect-redis',
  'not-seen',
  'sub-path',
  'no-session',
  'two-sessions',
  'two-plugins',
  'read-body',
  'secure-cookie',
  'wechat-refuses',
  'guard-options',
  'cloud-hosting',
  'node-version',
] as const

/** One of {@link startUpTopics}: the anchor of its heading. */
export type StartUpTopic = (typeof startUpTopics)[number]

/** What is wrong with the set-up. */
export interface SetUpFault {
  /** Which option, and what it must be. */
  readonly text: string
  readonly topic: StartUpTopic
}

const page = 'https://github.com/express-wx-login/express-wx-login/blob/main/docs/start-up.md'

/** A message about the set-up, with the address of the page that says more. */
export const explained = (text: string, topic: StartUpTopic): string =>
  `${text}${/[.?!]$/.test(text) ? '' : '.'} See ${page}#${topic}`
