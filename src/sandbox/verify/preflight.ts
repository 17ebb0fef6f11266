import { createContext, type ScenarioContext } from '../scenarios/context.js'
import { contractOf } from '../scenarios/contract.js'
import { pause } from '../scenarios/limits.js'
import type { Person } from '../scenarios/person.js'
import { fingerprint } from '../scenarios/sha256.js'
import type { Reply } from '../scenarios/target.js'
import type { RunOptions, TargetContract, Words } from '../scenarios/types.js'
import { words } from '../scenarios/words.js'
import type { SandboxRequest } from '../types.js'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../apps.js'
import { CouldNotRunError } from './could-not-run.js'

/** What the first look at a server found. */
export interface Preflight {
  /** The contract, without the routes that are not there and were not asked for by name. */
  readonly contract: TargetContract
  /** What was found out and matters for the report. */
  readonly notes: readonly Words[]
}

const isMissing = ({ status }: Reply): boolean => status === 404 || status === 405

function mustAnswer(reply: Reply, target: string): void {
  if (reply.status !== 0) return
  const why =
    reply.failure === 'timeout'
      ? words('does not answer in time', '没有及时应答')
      : words('cannot be reached', '无法连接')
  throw new CouldNotRunError(
    'TARGET_DOWN',
    words(
      `${target} ${why.en}. Start your server, or say where it is with --target.`,
      `${target} ${why.zh}。请启动你的服务器，或用 --target 指定它的地址。`,
    ),
  )
}

function mustExist(reply: Reply, what: string, option: string): void {
  if (!isMissing(reply)) return
  throw new CouldNotRunError(
    'TARGET_WRONG_PATH',
    words(
      `${what} is ${String(reply.status)} there. Say which path it is with --${option}.`,
      `${what} 返回 ${String(reply.status)}。请用 --${option} 指定正确的路径。`,
    ),
  )
}

/** The server asked somebody else, or nobody. */
const otherWeChat = (sandbox: string, login: string, status: number): CouldNotRunError =>
  new CouldNotRunError(
    'TARGET_OTHER_WECHAT',
    words(
      `Your server answered POST ${login} with ${String(status)} but never asked this sandbox about the code. Either it ` +
        'talks to the real WeChat or to another sandbox: set its WeChat address, https://api.weixin.qq.com, to ' +
        `${sandbox} (WX_API_BASE=${sandbox}) and start it anew. Or its login is another path (--login), or takes ` +
        'another body than { "code": "…" }.',
      `你的服务器对 POST ${login} 应答了 ${String(status)}，却没有就 code 询问这个沙箱。可能它连接的是真正的微信或另一个沙箱：` +
        `请把微信地址 https://api.weixin.qq.com 改为 ${sandbox}（WX_API_BASE=${sandbox}）并重启。也可能登录是另一个路径` +
        '（--login），或请求体不是 { "code": "…" }。',
    ),
  )

/** The sandbox was asked for an app that it does not play, or with a wrong secret. */
function checkApp({ errcode, query }: SandboxRequest, appid: string): void {
  const other = query['appid'] !== appid
  if (errcode === 40013 || errcode === 41002 || (errcode === 40029 && other)) {
    throw new CouldNotRunError(
      'TARGET_WRONG_APP',
      words(
        `Your server asks as another mini program than the sandbox plays. Set its AppID: WX_APPID=${appid}`,
        `服务器使用的小程序与沙箱不同。请设置 AppID：WX_APPID=${appid}`,
      ),
    )
  }
  if (errcode !== 40125 && errcode !== 41004) return
  const secret = appid === SANDBOX_APPID ? SANDBOX_SECRET : undefined
  throw new CouldNotRunError(
    'TARGET_WRONG_APP',
    words(
      `Your server has another AppSecret than the sandbox. Set ${secret ? `WX_SECRET=${secret}` : 'the one the sandbox was given with --secret'}`,
      `服务器的 AppSecret 与沙箱不同。请设置${secret ? ` WX_SECRET=${secret}` : '启动沙箱时 --secret 指定的值'}`,
    ),
  )
}

async function mustAskUs(
  { control, appid, contract }: ScenarioContext,
  sandbox: string,
  code: string,
  reply: Reply,
): Promise<void> {
  const hash = `***#${fingerprint(code)}`
  const request = (await control.requests()).find(({ query }) => query['js_code'] === hash)
  if (!request) throw otherWeChat(sandbox, contract.login, reply.status)
  checkApp(request, appid)
}

/** The token of a login that worked; undefined where it did not: the scenarios say why. */
function tokenOf({ contract }: ScenarioContext, reply: Reply): string | undefined {
  if (reply.token !== undefined || reply.status < 200 || reply.status > 299) return reply.token
  const { tokenField } = contract
  throw new CouldNotRunError(
    'TARGET_NO_TOKEN',
    words(
      `The login worked, but its reply has no token at "${tokenField}". Say where it is with --token-field, as data.token.`,
      `登录成功，但应答的 "${tokenField}" 处没有 token。请用 --token-field 指定位置，例如 data.token。`,
    ),
  )
}

async function mustOpen(
  { contract }: ScenarioContext,
  person: Person,
  token: string,
): Promise<void> {
  const reply = await person.visit(token)
  mustExist(reply, `GET ${contract.guarded}`, 'guarded')
  if (reply.status !== 401 && reply.status !== 403) return
  const { guarded, header, scheme } = contract
  const sent = `${header}: ${scheme === '' ? '' : `${scheme} `}<token>`
  throw new CouldNotRunError(
    'TARGET_TOKEN_REFUSED',
    words(
      `The login worked, but GET ${guarded} with its token in "${sent}" is ${String(reply.status)}. See --guarded, --header and --scheme.`,
      `登录成功，但用 "${sent}" 访问 GET ${guarded} 返回 ${String(reply.status)}。请检查 --guarded、--header 和 --scheme。`,
    ),
  )
}

/** Whether an optional route is there; one that was asked for by name has to be. */
async function findRoute(
  context: ScenarioContext,
  route: 'phone' | 'logout',
  token: string,
  named: boolean,
): Promise<Words | null> {
  const path = context.contract[route]
  if (path === null) return null
  const reply = await context.ask(path, { body: {}, token })
  if (!isMissing(reply)) return null
  if (named) mustExist(reply, `POST ${path}`, route)
  return words(
    `There is no POST ${path}: what needs it is skipped (--${route} <path>)`,
    `没有 POST ${path}：跳过需要它的场景（--${route} <路径>）`,
  )
}

const again = 500

/** Asks until there is an answer, as a server that is being started needs a moment. */
async function firstAnswer(
  { ask, contract, ending }: ScenarioContext,
  patience: number,
): Promise<Reply> {
  const start = performance.now()
  for (;;) {
    const reply = await ask(contract.guarded)
    if (reply.status !== 0 || performance.now() - start > patience) return reply
    await pause(again, ending)
  }
}

/**
 * Makes sure that a server is there, that it talks to this sandbox, and that it is spoken to in the right way.
 *
 * @param patience - how long the server may take to be there, in ms
 * @throws CouldNotRunError that says what to set
 */
export async function preflight(options: RunOptions, patience: number): Promise<Preflight> {
  const context = await createContext(options, 'behaviour', [])
  const { contract, target, control } = context
  await control.clearFaults()
  mustAnswer(await firstAnswer(context, patience), target)
  const person = await context.person('alice')
  const code = await person.code()
  const login = await person.logIn(code)
  mustAnswer(login, target)
  mustExist(login, `POST ${contract.login}`, 'login')
  await mustAskUs(context, options.sandbox, code, login)
  const token = tokenOf(context, login)
  if (token === undefined) return { contract, notes: [] }
  await mustOpen(context, person, token)

  const given = options.contract ?? {}
  const notes: Words[] = []
  const missing: { phone?: null; logout?: null } = {}
  for (const route of ['phone', 'logout'] as const) {
    const note = await findRoute(context, route, token, given[route] !== undefined)
    if (!note) continue
    missing[route] = null
    notes.push(note)
  }
  return { contract: contractOf({ ...contract, ...missing }), notes }
}
