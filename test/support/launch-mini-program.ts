import { readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { createContext, runInContext } from 'node:vm'

/** A page, without what its templates make of its data. */
export interface LaunchedPage {
  /** Everything the page has handed to WeChat for its templates, as text. */
  shown(): string
  /**
   * What WeChat does when something happens to the one element that is bound to it.
   *
   * @param event - without `bind`, such as `getphonenumber`
   * @param detail - `event.detail`
   * @returns what the page's handler returned
   */
  fire(event: string, detail?: object): unknown
}

export interface LaunchedApp {
  open(path: string): LaunchedPage
}

type Node = Record<string, unknown>

type Method = (this: object, ...args: unknown[]) => unknown

/** What `App`, `Page` and `Component` are called with. */
type Definition = Node & {
  data?: object
  methods?: Record<string, Method>
  lifetimes?: Record<string, Method>
}

/** What the frameworks ask WeChat about the phone while they start. */
const phoneFacts = () => ({ SDKVersion: '3.7.0', language: 'zh_CN', platform: 'ios' })
const launch = { path: 'pages/index/index', query: {}, scene: 1001 }

const call = (on: object, method: unknown, ...args: unknown[]): unknown =>
  typeof method === 'function' ? (method as Method).apply(on, args) : undefined

/**
 * Runs a mini program as WeChat does: `app.js` and its modules in a world of their own whose only way out is `wx`, then
 * `App.onLaunch`. There is no screen; what WeChat would draw is what the pages say with `setData`.
 *
 * @param folder - plain JavaScript, and packages in miniprogram_npm
 * @param wx - the one global of the phone
 */
export function launchMiniProgram(folder: string, wx: object): LaunchedApp {
  let app: Definition | undefined
  let defined: Definition | undefined
  const open: object[] = []
  const globals = {
    wx: Object.assign(Object.create(wx) as object, {
      canIUse: () => true,
      getSystemInfoSync: phoneFacts,
      getDeviceInfo: phoneFacts,
      getWindowInfo: phoneFacts,
      getAppBaseInfo: phoneFacts,
      getLaunchOptionsSync: () => launch,
      getEnterOptionsSync: () => launch,
    }),
    ...{ console, setTimeout, clearTimeout, setInterval, clearInterval },
    App: (definition: Definition) => (app = definition),
    Page: (definition: Definition) => (defined = definition),
    Component: (definition: Definition) => (defined = definition),
    Behavior: (definition: Definition) => definition,
    getApp: () => app,
    getCurrentPages: () => open,
  }
  const world = createContext({ ...globals, global: globals })

  const modules = new Map<string, { exports: object }>()
  function load(path: string): object {
    const file = extname(path) === '.js' ? path : `${path}.js`
    const known = modules.get(file)
    if (known) return known.exports
    const module = { exports: {} }
    modules.set(file, module)
    const code = `(function (exports, require, module) {${readFileSync(file, 'utf8')}\n})`
    const run = runInContext(code, world, { filename: file }) as (...parts: unknown[]) => void
    const pathOf = (name: string): string =>
      name.startsWith('.')
        ? join(dirname(file), name)
        : join(folder, 'miniprogram_npm', name, 'index')
    run(module.exports, (name: string) => load(pathOf(name)), module)
    return module.exports
  }

  load(join(folder, 'app.js'))
  if (!app) throw new Error('app.js did not call App')
  call(app, app['onLaunch'], launch)
  call(app, app['onShow'], launch)

  return {
    open(path) {
      defined = undefined
      load(join(folder, path))
      if (!defined) throw new Error(`${path} called neither Page nor Component`)
      const definition: Definition = defined
      const data: Node = { ...definition.data }
      const page: Node = {
        ...definition,
        ...definition.methods,
        ...{ route: path, is: path, options: {}, properties: {}, data },
        setData(patch: object, drawn?: Method) {
          Object.assign(data, patch)
          if (drawn) setImmediate(() => drawn.call(page))
        },
        getPageId: () => 'pageId:1',
        selectAllComponents: () => [],
        triggerEvent() {},
      }
      open.push(page)
      const life = { ...definition, ...definition.lifetimes }
      for (const step of ['created', 'attached']) call(page, life[step])
      for (const step of ['onLoad', 'onShow', 'onReady']) call(page, page[step], {})
      call(page, life['ready'])
      return {
        shown: () => JSON.stringify(data),
        fire(type, detail = {}) {
          const wxml = readFileSync(join(folder, `${path}.wxml`), 'utf8')
          const { handler, dataset } = boundTo(type, wxml, data)
          const target = { id: dataset['sid'], dataset }
          return call(page, page[handler], { type, detail, target, currentTarget: target })
        },
      }
    },
  }
}

/** Which method of the page an event calls, by the page's template and data. */
function boundTo(type: string, wxml: string, data: Node): { handler: string; dataset: Node } {
  const [, name, inData] =
    new RegExp(`bind${type}="(?:(\\w+)|\\{\\{(\\w+)\\}\\})"`).exec(wxml) ?? []
  if (name !== undefined) return { handler: name, dataset: {} }
  // uni-app: the data name the method.
  if (inData !== undefined) return { handler: String(data[inData]), dataset: {} }
  // Taro: one template for all pages, in which every event calls `eh`; the id tells what was touched.
  const openType = (value: unknown): boolean =>
    typeof value === 'string' && value.toLowerCase() === type
  const touched = findNode(data, (node) => Object.values(node).some(openType))
  return { handler: 'eh', dataset: { sid: touched['sid'] } }
}

function findNode(among: Node, is: (node: Node) => boolean): Node {
  const pending: unknown[] = [among]
  for (const value of pending) {
    if (typeof value !== 'object' || value === null) continue
    if (is(value as Node)) return value as Node
    pending.push(...Object.values(value))
  }
  throw new Error('The page has no such element')
}
