import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPackage, packageFolder } from '../../src/sandbox/package-folder.js'
import { removeFolder, temporaryFolder } from '../support/services.js'

let root: string
beforeEach(() => {
  root = temporaryFolder('package-folder')
})
afterEach(() => {
  removeFolder(root)
})

/** Writes a package.json of this name into a folder under the root. */
function put(name: string, ...path: string[]): string {
  const folder = join(root, ...path)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3' }))
  return folder
}

test('our package is found above the one that stands beside the built code', () => {
  const folder = put('express-wx-login', 'node_modules', 'express-wx-login')
  const code = join(put('', 'node_modules', 'express-wx-login', 'dist', 'cjs'), 'here.js')
  expect(findPackage(code)).toEqual({ folder, version: '1.2.3' })
})

test('a bundle of somebody else is no package of ours, however it is called', () => {
  const app = put('the-app')
  expect(findPackage(join(app, 'server.js'))).toBeUndefined()
})

test('from the source it is this one', () => {
  expect(packageFolder()?.folder).toBe(join(__dirname, '../..'))
})
