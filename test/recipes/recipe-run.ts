import {
  createSandbox,
  type Sandbox,
  SANDBOX_APPID,
  SANDBOX_SECRET,
} from '../../src/sandbox/index.js'
import type { RecipesProject } from '../docs/recipes-project.js'
import type { Workspace } from '../docs/workspace.js'
import { type Answer, http, type Program, run } from '../example-app/spawn-app.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { freePort } from '../support/services.js'
import { until } from '../support/until.js'

export interface RecipeServer extends Program {
  readonly url: string
  /** Logs the user of this name in, by a code of the sandbox. */
  login(name?: string, headers?: Record<string, string>): Promise<Answer>
  /** A GET of this path, or a POST where there is a body. */
  ask(path: string, o?: Parameters<typeof http>[1]): Promise<Answer>
}

/** What the servers of a recipe have around them: a Redis of their own, and the sandbox as WeChat. */
export interface RecipeRun {
  readonly redis: RedisServer
  readonly sandbox: Sandbox
  /** Starts a file of the workspace as a process, with the environment of the documents, and waits for its answers. */
  start(file: string, env?: Record<string, string>): Promise<RecipeServer>
  /** The same twice: two processes of one app. */
  startTwo(file: string): Promise<[RecipeServer, RecipeServer]>
  /** Ends the servers, and removes the workspace. */
  stop(): Promise<void>
}

/** All apps of the sandbox: its own, and those with the appids of the page about several apps. */
export const apps = [
  { appid: SANDBOX_APPID, secret: SANDBOX_SECRET },
  { appid: 'wx1111111111111111', secret: '1'.repeat(32) },
  { appid: 'wx2222222222222222', secret: '2'.repeat(32) },
] as const

/**
 * @param workspace - a project is built, with the files
 * @param files - that the recipe takes for granted, by their names in the workspace
 */
export async function startRecipeRun(
  workspace: Workspace | RecipesProject,
  files: Record<string, string>,
): Promise<RecipeRun> {
  for (const [name, text] of Object.entries(files)) workspace.write(name, text)
  if ('build' in workspace) workspace.build()
  const sandbox = createSandbox({ apps: [...apps] })
  await sandbox.listen(0, '127.0.0.1')
  const redis = await startRedisServer()
  const servers: RecipeServer[] = []
  async function start(file: string, env: Record<string, string> = {}): Promise<RecipeServer> {
    const port = await freePort()
    const url = `http://127.0.0.1:${String(port)}`
    const program = run(process.execPath, [workspace.path + '/' + file], {
      PORT: String(port),
      REDIS_URL: redis.url,
      WX_API_BASE: sandbox.baseUrl,
      WX_APPID: SANDBOX_APPID,
      WX_SECRET: SANDBOX_SECRET,
      SESSION_SECRET: 'a session secret of the tests, long enough',
      ...env,
    })
    const ask: RecipeServer['ask'] = (path, o) => http(url + path, o)
    const login: RecipeServer['login'] = (name = 'alice', headers = {}) =>
      ask('/wx/login', { body: { code: sandbox.user(name).login() }, headers })
    const server = { ...program, url, ask, login }
    servers.push(server)
    const ended = program.exited.then(() => {
      throw new Error(`${file} ended:\n${program.output()}`)
    })
    await Promise.race([ended, until(() => ask('/').then(Boolean), 15_000)])
    return server
  }
  return {
    redis,
    sandbox,
    start,
    startTwo: (file) => Promise.all([start(file), start(file)]),
    async stop() {
      await Promise.all(servers.map((server) => server.stop('SIGKILL')))
      await sandbox.close()
      await redis.stop()
      workspace.remove()
    },
  }
}

/** A block as it stands on the page, but that its `wxLogin` takes the sandbox for WeChat. */
export function onSandbox(code: string): string {
  const open = code.includes('wechat: {') ? 'wechat: {' : 'wxLogin({'
  if (code.split(open).length !== 2) throw new Error(`not one ${open} in:\n${code}`)
  const baseUrl = 'baseUrl: `${process.env.WX_API_BASE}`'
  return code.replace(
    open,
    open === 'wxLogin({' ? `${open} wechat: { ${baseUrl} },` : `${open} ${baseUrl},`,
  )
}
