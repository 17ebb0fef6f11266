import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

/**
 * @typedef {object} Part A page or a component.
 * @property {string} path Below the root, without an extension: `pages/home/home`
 * @property {boolean} page
 * @property {object} json
 * @property {Record<string, string>} components Tag name to the path of the component
 */

/**
 * Reads what a native mini program is made of: its configuration, its pages, and the components they use.
 *
 * @param {string} root The folder of app.json
 * @returns {{ root: string, app: object, themes: Record<string, Record<string, string>>, parts: Part[] }}
 * @throws where a file that is named is not there or is no JSON
 */
export function readProject(root) {
  const json = (name) => {
    try {
      return JSON.parse(readFileSync(join(root, name), 'utf8'))
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error })
    }
  }
  const app = json('app.json')
  const parts = new Map()

  function read(path, page) {
    if (parts.has(path)) return
    for (const extension of ['js', 'wxml']) {
      if (!existsSync(join(root, `${path}.${extension}`))) {
        throw new Error(`${path}.${extension} is missing`)
      }
    }
    const own = json(`${path}.json`)
    const used = { ...app.usingComponents, ...own.usingComponents }
    const components = Object.fromEntries(
      Object.entries(used).map(([tag, to]) => [tag, resolve(path, to)]),
    )
    parts.set(path, { path, page, json: own, components })
    for (const component of Object.values(components)) read(component, false)
  }

  for (const page of app.pages) read(page, true)
  const themes = app.themeLocation === undefined ? {} : json(app.themeLocation)
  return { root, app, themes, parts: [...parts.values()] }
}

/** A path from the root, as in usingComponents: from there with a slash, else beside the one that uses it. */
function resolve(from, to) {
  return to.startsWith('/') ? to.slice(1) : posix.join(dirname(from), to)
}
