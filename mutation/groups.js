/** @typedef {{ sources: string[], tests: string[] }} Group */

const session = (...names) => names.map((name) => `src/session/${name}.ts`)
const wechat = (...names) => names.map((name) => `src/wechat/${name}.ts`)
const redis = (...names) => names.map((name) => `src/redis/${name}.ts`)
const routes = (...names) => names.map((name) => `src/routes/${name}.ts`)
const tests = (folder, ...names) => names.map((name) => `test/${folder}/${name}.test.ts`)

/**
 * Which tests are to find a mistake in which sources, the most important first. Few tests a group: a mutant of what
 * runs while a module is loaded has to be tried with all of them.
 * @type {Group[]}
 */
export const groups = [
  { sources: ['src/errors.ts'], tests: ['test/errors.test.ts'] },
  { sources: ['src/options.ts', 'src/option-names.ts'], tests: ['test/options.test.ts'] },
  {
    sources: ['src/settings.ts'],
    tests: ['test/settings.test.ts', 'test/http/cloud-hosting.test.ts'],
  },
  { sources: session('token'), tests: tests('session', 'token') },
  {
    sources: session('cookies'),
    tests: [
      ...tests('session', 'own-session'),
      ...tests('http', 'cookie-transport'),
      'test/start-up/running.test.ts',
    ],
  },
  {
    sources: session('transport', 'cookie-load'),
    tests: [
      ...tests('session', 'transport', 'own-session'),
      ...tests('http', 'cookie-transport', 'session'),
    ],
  },
  {
    sources: session('record', 'sealing'),
    tests: [...tests('session', 'record', 'sealing'), ...tests('http', 'cloud-hosting')],
  },
  {
    sources: wechat('open-data'),
    tests: tests('wechat', 'open-data', 'open-data-plain', 'user-data'),
  },
  {
    sources: wechat('user-data', 'phone-number', 'json'),
    tests: tests('wechat', 'user-data', 'phone-number'),
  },
  {
    sources: wechat('wire', 'errcodes'),
    tests: tests('wechat', 'errcodes', 'wire', 'code2session'),
  },
  {
    sources: session('store-guard', 'store-call'),
    tests: tests('session', 'store-guard', 'store-call'),
  },
  { sources: session('session-ends'), tests: tests('session', 'session-ends') },
  {
    sources: session('app-session'),
    tests: [
      ...tests('session', 'app-session'),
      ...tests('http', 'app-session'),
      ...tests('start-up', 'app-cookie'),
    ],
  },
  {
    sources: session('own-session'),
    tests: [...tests('session', 'own-session'), ...tests('http', 'cookie-transport')],
  },
  { sources: session('lazy-session'), tests: tests('session', 'lazy-session') },
  {
    sources: session('key-history', 'user-sessions', 'memory-user-state'),
    tests: tests('session', 'key-history', 'user-sessions', 'user-state', 'user-keys'),
  },
  {
    sources: ['src/deadline.ts'],
    tests: ['test/deadline.test.ts', 'test/session/store-call.test.ts'],
  },
  { sources: ['src/throttle.ts'], tests: ['test/throttle.test.ts'] },
  {
    sources: ['src/require-wx-session.ts', 'src/respond.ts', 'src/wx-error-handler.ts'],
    tests: [
      ...tests('http', 'guard', 'session', 'authenticate', 'failures', 'request-id'),
      'test/start-up/running.test.ts',
    ],
  },
  {
    sources: routes('body'),
    tests: [...tests('http', 'bad-input'), 'test/start-up/running.test.ts'],
  },
  { sources: routes('code-hints'), tests: tests('http', 'login') },
  {
    sources: routes('make-session'),
    tests: tests(
      'http',
      ...['login', 'hooks', 'failures', 'diagnostics', 'cloud-hosting', 'key-storage'],
    ),
  },
  {
    sources: routes('login', 'exchange', 'find-app', 'in-flight'),
    tests: tests(
      'http',
      ...['login', 'hooks', 'apps', 'routes', 'failures', 'close'],
      ...['diagnostics', 'cloud-hosting'],
    ),
  },
  {
    sources: routes('logout', 'session'),
    tests: tests('http', 'logout', 'session', 'bad-input', 'cloud-hosting', 'hooks'),
  },
  {
    sources: routes('profile', 'phone', 'keep-user'),
    tests: tests(
      'http',
      ...['session', 'profile', 'phone', 'bad-input', 'cloud-hosting'],
      ...['hooks', 'diagnostics'],
    ),
  },
  {
    sources: routes('message-push', 'push-request'),
    tests: tests('http', 'message-push'),
  },
  { sources: routes('pass-by'), tests: tests('http', 'routes', 'pass-by') },
  {
    sources: wechat('message-push', 'push-message'),
    tests: tests('wechat', 'message-push'),
  },
  {
    sources: wechat('http', 'code2session', 'unless-busy'),
    tests: tests('wechat', 'http', 'code2session', 'stock-fetch'),
  },
  {
    sources: wechat('stock-fetch', 'connections'),
    tests: tests('wechat', 'stock-fetch', 'connections', 'wire'),
  },
  {
    sources: wechat('code-flights', 'last-minute'),
    tests: tests('wechat', 'code-flights', 'last-minute', 'phone-flights'),
  },
  { sources: wechat('breaker'), tests: tests('wechat', 'breaker') },
  { sources: wechat('phone-flights'), tests: tests('wechat', 'phone-flights') },
  {
    sources: wechat('access-token', 'stable-token', 'token-source'),
    tests: [...tests('wechat', 'access-token'), ...tests('http', 'api-tokens')],
  },
  {
    sources: wechat('server-api', 'api-call', 'api-request'),
    tests: tests('http', 'api', 'api-request', 'api-tokens'),
  },
  {
    sources: redis('redis-url', 'reply-error', 'out-of-step', 'load-connect-redis'),
    tests: tests('redis', 'redis-url', 'reply-error', 'out-of-step', 'load-connect-redis'),
  },
  {
    sources: redis('health', 'inspect', 'client-kind'),
    tests: tests('redis', 'health', 'inspect', 'check-client'),
  },
  { sources: redis('check-client'), tests: tests('redis', 'check-client') },
  { sources: redis('copies'), tests: tests('redis', 'copies') },
  {
    sources: redis('session-store', 'session-text'),
    tests: [...tests('redis', 'session-store-reads', 'session-store'), ...tests('http', 'races')],
  },
  {
    sources: [...redis('once', 'ask', 'script'), ...wechat('memory-once')],
    tests: tests('redis', 'script', 'once', 'token-store'),
  },
  { sources: redis('token-store'), tests: tests('redis', 'token-store') },
  {
    sources: redis('user-state'),
    tests: [...tests('redis', 'user-state'), ...tests('session', 'user-state', 'user-keys')],
  },
  {
    sources: ['src/option-faults.ts', 'src/start-up.ts'],
    tests: ['test/options.test.ts', 'test/start-up/options.test.ts'],
  },
  { sources: ['src/diagnostics.ts'], tests: ['test/diagnostics.test.ts'] },
  { sources: ['src/user-hook.ts', 'src/served-app.ts'], tests: tests('http', 'hooks', 'apps') },
  { sources: ['src/request-id.ts'], tests: tests('http', 'request-id') },
  {
    sources: ['src/context.ts'],
    tests: tests('http', 'req-wx', 'authenticate', 'profile', 'logout'),
  },
  {
    sources: ['src/runtime.ts', 'src/public-sessions.ts'],
    tests: tests('http', 'logout', 'diagnostics', 'hooks'),
  },
  { sources: ['src/diagnostics-channels.ts'], tests: tests('http', 'diagnostics') },
  {
    sources: ['src/cloud-call.ts', 'src/session/cloud-caller.ts', ...routes('hear-cloud')],
    tests: tests('http', 'cloud-hosting'),
  },
]
